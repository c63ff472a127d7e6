// What every page has: the focus on its heading when another page or case opens, so that the next Tab is in the page and not in
// the menu; the list of keys; links to a criterion of the case that is shown; dates that count on Enter; the focus in what a
// key opens; and the sidebar folded where it would take the room.
const NARROW = 1000;
const FIELDS = 'input:not([type="file"]), textarea, [role="spinbutton"], button:not([aria-label^="Help"])';
let last, keys, go, listening = false;
function focusHeading(tries) {
  const heading = document.querySelector('[data-testid="stMainBlockContainer"] h1');
  if (heading) { heading.tabIndex = -1; heading.style.outline = "none"; heading.focus({ preventScroll: true }); }
  else if (tries) setTimeout(focusHeading, 100, tries - 1);
}
function fold() {
  if (innerWidth <= NARROW) document.querySelector('[data-testid="stSidebar"][data-collapsed="false"] [data-testid="stSidebarCollapseButton"] button')?.click();
}
// Enter in a date goes on to the next field: only leaving a date has it count.
function leaveDate(event) {
  const field = event.key === "Enter" && event.target.closest?.('[role="spinbutton"]')?.closest('[data-testid="stDateInputField"]');
  if (!field) return;
  const place = field.closest('[data-testid="stPopoverBody"]') ?? document.querySelector('[data-testid="stMain"]');
  const fields = [...place.querySelectorAll(FIELDS)];
  const next = fields.find((e) => e.tabIndex >= 0 && !e.disabled && e.checkVisibility() && field.compareDocumentPosition(e) === Node.DOCUMENT_POSITION_FOLLOWING);
  if (next) { event.preventDefault(); next.focus(); }
}
// What a button opens by key stands at the end of the page: the focus goes into it.
function enter(event) {
  if (event.detail || !event.target.closest?.('[data-testid="stPopover"] button')) return;
  setTimeout(() => document.querySelector('[data-testid="stPopoverBody"]')?.querySelector(FIELDS)?.focus(), 200);
}
function listen() {
  document.addEventListener("click", enter);
  document.addEventListener("keydown", leaveDate, true);
  document.addEventListener("keydown", (event) => {
    if (event.key !== "?" || event.ctrlKey || event.metaKey || event.altKey || keys.open) return;
    if (event.composedPath()[0].closest?.("input, textarea, select, [contenteditable]")) return;
    event.preventDefault(); event.stopPropagation(); keys.showModal();
  }, true);
  document.addEventListener("click", (event) => {
    const on = (name) => event.composedPath().find((e) => e.dataset?.[name] !== undefined);
    if (on("keys")) keys.showModal();
    const link = on("criterion");
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault(); event.stopPropagation(); go(link.dataset.criterion);
  }, true);
}
export default function ({ data, parentElement, setTriggerValue }) {
  keys = parentElement.querySelector("dialog"); go = (criterion) => setTriggerValue("criterion", criterion);
  keys.querySelector("button").onclick = () => keys.close();
  keys.onclick = (event) => { if (event.target === keys) keys.close(); };
  if (!listening) { listening = true; listen(); }
  if (data.place === last) return;
  last = data.place; fold(); focusHeading(20);
}
