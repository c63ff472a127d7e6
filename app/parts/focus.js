// Puts the focus on the heading when another page or case opens, so that the next Tab is in the page and not in the menu.
let last;
export default function ({ data }) {
  if (data.place === last) return;
  last = data.place;
  const find = (tries) => {
    const heading = document.querySelector('[data-testid="stMainBlockContainer"] h1');
    if (heading) { heading.tabIndex = -1; heading.style.outline = "none"; heading.focus({ preventScroll: true }); }
    else if (tries) setTimeout(find, 100, tries - 1);
  };
  find(20);
}
