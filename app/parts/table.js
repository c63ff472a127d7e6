// A table whose headings sort and whose rows open and can be ticked. Texts are set as texts and never as markup.
export default function ({ data, parentElement, setTriggerValue, setStateValue }) {
  const root = parentElement.querySelector(".root"), table = document.createElement("table");
  const make = (tag, cls, text) => { const e = document.createElement(tag); if (cls) e.className = cls; if (text !== undefined) e.textContent = text; return e; };
  const ids = data.rows.map((row) => row.id), chosen = new Set(data.chosen.filter((id) => ids.includes(id)));
  const boxes = [], held = root.getRootNode().activeElement?.dataset.row;  // what has the focus keeps it when the table is drawn anew
  const box = (label, checked, change) => {
    const input = make("input"); input.type = "checkbox"; input.checked = checked; input.setAttribute("aria-label", label);
    input.onchange = () => { change(input.checked); setStateValue("chosen", ids.filter((id) => chosen.has(id))); }; return input;
  };
  table.setAttribute("aria-label", data.title);
  const head = table.createTHead().insertRow();
  if (data.choose) {
    const th = make("th", "tick"); th.scope = "col";
    const all = box("Choose all that are shown", ids.length > 0 && chosen.size === ids.length, (on) => { ids.forEach((id) => on ? chosen.add(id) : chosen.delete(id)); boxes.forEach((one) => { one.checked = on; }); });
    all.tabIndex = -1; th.append(all); head.append(th);
  }
  for (const column of data.columns) {
    const th = make("th", column.wide ? "wide-only" : ""); th.scope = "col";
    if (column.sort) {
      const up = data.sort === column.sort && !data.descending, down = data.sort === column.sort && data.descending;
      th.setAttribute("aria-sort", up ? "ascending" : down ? "descending" : "none");
      const button = make("button", "", column.label + (up ? " ▲" : down ? " ▼" : ""));
      button.onclick = () => setTriggerValue("sorted", column.sort); button.tabIndex = -1; th.append(button);
    } else th.textContent = column.label;
    head.append(th);
  }
  const body = table.createTBody(), links = [];
  for (const row of data.rows) {
    const tr = body.insertRow();
    if (data.choose) {
      const one = box(`Choose ${row.cells[0].text}`, chosen.has(row.id), (on) => on ? chosen.add(row.id) : chosen.delete(row.id));
      one.tabIndex = -1; one.dataset.row = `${row.id} tick`; boxes.push(one); const td = tr.insertCell(); td.className = "tick"; td.append(one);
    }
    row.cells.forEach((cell, number) => {
      const td = tr.insertCell(), column = data.columns[number];
      td.className = (column.long ? "long" : "") + (column.wide ? " wide-only" : "") + (cell.text ? "" : " empty"); td.dataset.label = column.label;
      let shown;
      if (number === 0 && row.id) {
        shown = make("a", "", cell.text); shown.href = row.href; shown.dataset.row = row.id; links.push(shown);
        shown.onclick = (event) => { if (event.ctrlKey || event.metaKey || event.shiftKey) return; event.preventDefault(); setTriggerValue("opened", row.id); };
      } else shown = make("span", cell.tone ? `chip ${cell.tone}` : cell.cls ?? "", cell.text);
      if (cell.note) { shown.title = cell.note; shown.append(make("span", "unseen", ` (${cell.note})`)); }
      td.append(shown);
    });
  }
  // One stop of Tab for the rows; arrows move from row to row, and x ticks one. Headings are clicked; each page has its order beside them.
  links.forEach((link, number) => {
    link.tabIndex = number === 0 ? 0 : -1;
    link.onfocus = () => links.forEach((other) => { other.tabIndex = other === link ? 0 : -1; });
    link.onkeydown = (event) => {
      const to = { ArrowUp: number - 1, ArrowDown: number + 1, Home: 0, End: links.length - 1 }[event.key];
      if (links[to]) { event.preventDefault(); links[to].focus(); }
      if (event.key === "x" && boxes[number]) boxes[number].click();
    };
  });
  const wide = make("div", "wide"); wide.append(table); root.replaceChildren(wide);
  if (held) [...links, ...boxes].find((e) => e.dataset.row === held)?.focus({ preventScroll: true });
  const scrolls = () => { if (wide.scrollWidth > wide.clientWidth) { wide.tabIndex = 0; wide.setAttribute("role", "region"); wide.setAttribute("aria-label", data.title); } };
  requestAnimationFrame(scrolls);
}
