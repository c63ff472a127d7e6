// A tree of criteria by the WAI-ARIA tree pattern. Branches are made when they are opened and removed when they are closed.
export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".root");
  const kept = root.kept ??= { open: new Set(), seen: new Set(), picked: null };
  for (const id of data.open) if (!kept.seen.has(id)) { kept.open.add(id); kept.seen.add(id); }
  if (kept.asked !== data.selected) kept.asked = kept.picked = kept.active = data.selected;
  const above = new Map(), nodes = new Map();
  const learn = (node, parent) => { nodes.set(node.key, node); above.set(node.key, parent); node.parts.forEach((part) => learn(part, node.key)); };
  data.nodes.forEach((node) => learn(node, null));
  for (let key = above.get(kept.picked); key; key = above.get(key)) kept.open.add(key);
  let active = kept.active && nodes.has(kept.active) ? kept.active : kept.picked ?? data.nodes[0]?.key;

  const make = (tag, cls, text) => { const e = document.createElement(tag); if (cls) e.className = cls; if (text) e.textContent = text; return e; };
  function item(node, level) {
    const li = make("li"), row = make("div", "row"), group = node.parts.length > 0;
    li.setAttribute("role", "treeitem"); li.setAttribute("aria-level", level); li.dataset.key = node.key;
    li.setAttribute("aria-selected", String(node.key === kept.picked)); li.tabIndex = node.key === active ? 0 : -1;
    li.setAttribute("aria-label", [node.name, node.label, node.how, node.word, ...node.marks].filter(Boolean).join(", "));
    row.append(make("span", "twist", group ? (kept.open.has(node.key) ? "▾" : "▸") : ""));
    if (node.word) row.append(make("span", `chip ${node.tone}`, `${node.icon} ${node.word}`));
    const words = make("span", "words"); words.append(make("span", "name", node.name), " ", make("span", "label", node.label)); row.append(words);
    if (node.how) row.append(make("span", "how", node.how));
    for (const mark of node.marks) row.append(make("span", "mark", mark));
    li.append(row);
    if (group) {
      li.setAttribute("aria-expanded", String(kept.open.has(node.key)));
      if (kept.open.has(node.key)) {
        const below = make("ul"); below.setAttribute("role", "group");
        node.parts.forEach((part) => below.append(item(part, level + 1))); li.append(below);
      }
    }
    return li;
  }
  function draw(focus) {
    const tree = make("ul"); tree.setAttribute("role", "tree"); tree.setAttribute("aria-label", data.title);
    data.nodes.forEach((node) => tree.append(item(node, 1)));
    root.querySelector(".place").replaceChildren(tree);
    if (![...tree.querySelectorAll("li")].some((li) => li.tabIndex === 0)) { const first = tree.querySelector("li"); if (first) first.tabIndex = 0; }
    if (focus) tree.querySelector('li[tabindex="0"]')?.focus();
  }
  const flip = (key, open) => { open ? kept.open.add(key) : kept.open.delete(key); active = kept.active = key; draw(true); };
  const pick = (key) => { kept.picked = active = kept.active = key; draw(true); setTriggerValue("picked", key); };
  root.onclick = (event) => {
    const action = event.target.closest("button")?.dataset.action;
    if (action) { nodes.forEach((node, key) => action === "open" && node.parts.length ? kept.open.add(key) : kept.open.delete(key)); draw(false); return; }
    const li = event.target.closest("li"); if (!li) return;
    const node = nodes.get(li.dataset.key);
    if (event.target.classList.contains("twist") && node.parts.length) flip(node.key, !kept.open.has(node.key)); else pick(node.key);
  };
  root.onkeydown = (event) => {
    const li = event.target.closest("li"); if (!li || event.ctrlKey || event.metaKey || event.altKey) return;
    const shown = [...root.querySelectorAll("li")], at = shown.indexOf(li), node = nodes.get(li.dataset.key);
    const move = (to) => { if (!to) return; active = kept.active = to.dataset.key; shown.forEach((e) => { e.tabIndex = e === to ? 0 : -1; }); to.focus(); };
    const group = node.parts.length > 0, open = kept.open.has(node.key);
    const done = () => { event.preventDefault(); event.stopPropagation(); };
    switch (event.key) {
      case "ArrowDown": move(shown[at + 1]); break;
      case "ArrowUp": move(shown[at - 1]); break;
      case "Home": move(shown[0]); break;
      case "End": move(shown.at(-1)); break;
      case "ArrowRight": if (group && !open) flip(node.key, true); else if (group) move(shown[at + 1]); break;
      case "ArrowLeft": if (group && open) flip(node.key, false); else move(li.parentElement.closest("li")); break;
      case "Enter": case " ": pick(node.key); break;
      default:
        if (event.key.length !== 1 || "np?".includes(event.key)) return; // keys of the page
        move([...shown.slice(at + 1), ...shown.slice(0, at)].find((e) => e.querySelector(".name").textContent.toLowerCase().startsWith(event.key.toLowerCase())));
    }
    done();
  };
  draw(false);
}
