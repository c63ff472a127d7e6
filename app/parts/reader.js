// A document with its pages, in which sentences are marked: n and p go from one to the next, u takes the selected text or the
// sentence, r rejects it; a click goes to the sentence that it hits. Texts are set as texts and never as markup; places are code points.
export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".root"), text = root.querySelector(".text"), kept = root.kept ??= {};
  const make = (tag, cls, said) => { const e = document.createElement(tag); if (cls) e.className = cls; if (said !== undefined) e.textContent = said; return e; };
  const places = data.places;
  if (kept.version !== data.version) { kept.version = data.version; kept.now = data.now; kept.fresh = true; }
  if (kept.drawn !== data.drawn) {
    kept.drawn = data.drawn;
    text.replaceChildren(...data.pages.map((page) => {
      const part = make("section", "page"); part.setAttribute("aria-label", `Page ${page.number}`);
      part.append(make("p", "number", `Page ${page.number}`));
      const body = make("div", "body");
      for (const [said, start, cls, title, index] of page.parts) {
        const e = make("span", cls, said); e.dataset.start = start; if (title) e.title = title; if (index >= 0) e.dataset.place = index; body.append(e);
      }
      part.append(body); return part;
    }));
  }
  const of = (index) => [...text.querySelectorAll(`[data-place="${index}"]`)];
  const status = root.querySelector(".status"), buttons = Object.fromEntries([...root.querySelectorAll("button")].map((b) => [b.dataset.act, b]));
  function show(move) {
    text.querySelectorAll(".now").forEach((e) => e.classList.remove("now"));
    const place = places[kept.now], marked = place ? of(kept.now) : [];
    marked.forEach((e) => e.classList.add("now"));
    status.textContent = place ? `Sentence ${kept.now + 1} of ${places.length}${place.cues ? ` · weigh: ${place.cues}` : ""}${place.also ? ` · ${place.also}` : ""}` : data.none;
    buttons.previous.disabled = kept.now <= 0; buttons.next.disabled = kept.now >= places.length - 1; buttons.reject.disabled = !place?.here || !data.may; buttons.use.disabled = !data.may;
    if (move && marked.length) text.scrollTop += marked[0].getBoundingClientRect().top - text.getBoundingClientRect().top - text.clientHeight / 3;
  }
  function go(step) {
    const to = kept.now + step; if (to < 0 || to >= places.length) return;
    kept.now = to; if (places[to].here) show(true); else setTriggerValue("turned", to);
  }
  function place(node, offset) {
    const span = (node.nodeType === 3 ? node.parentElement : node).closest?.("[data-start]");
    if (!span) return null;
    return Number(span.dataset.start) + [...span.textContent.slice(0, node.nodeType === 3 ? offset : 0)].length;
  }
  function selected() {
    const selection = document.getSelection(), shadow = text.getRootNode();
    const range = selection?.getComposedRanges ? selection.getComposedRanges({ shadowRoots: shadow instanceof ShadowRoot ? [shadow] : [] })[0] : selection?.rangeCount ? selection.getRangeAt(0) : null;
    if (!range || !text.contains(range.startContainer) || !text.contains(range.endContainer)) return null;
    const start = place(range.startContainer, range.startOffset), end = place(range.endContainer, range.endOffset);
    return start !== null && end !== null && end > start ? { start, end } : null;
  }
  function act(name) {
    if (name === "next") go(1); else if (name === "previous") go(-1);
    else if (name === "reject" && places[kept.now]) setTriggerValue("rejected", kept.now);
    else if (name === "use") {
      const own = selected(), found = places[kept.now];
      if (own) setTriggerValue("picked", { ...own, index: -1 }); else if (found?.here) setTriggerValue("picked", { start: found.start, end: found.end, index: kept.now });
      else if (found) setTriggerValue("turned", kept.now);  // it stands in another document: that one first
    }
  }
  text.onclick = (event) => {  // a sentence that is marked, where no words are being selected
    const index = event.target.closest("[data-place]")?.dataset.place;
    if (index !== undefined && !selected()) { kept.now = Number(index); show(false); }
  };
  const keys = { n: "next", p: "previous", u: "use", r: "reject" };
  root.onclick = (event) => { const name = event.target.closest("button")?.dataset.act; if (name) act(name); };
  root.querySelectorAll("button").forEach((b) => { b.onmousedown = (event) => event.preventDefault(); });  // the selection stays
  root.onkeydown = (event) => {
    const name = keys[event.key]; if (!name || event.ctrlKey || event.metaKey || event.altKey || buttons[name].disabled) return;
    event.preventDefault(); event.stopPropagation(); act(name);
  };
  text.setAttribute("aria-label", data.title);
  show(kept.fresh); kept.fresh = false;
}
