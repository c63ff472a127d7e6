// A table whose headings sort and whose rows open. Texts are set as texts and never as markup.
export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".root"), table = document.createElement("table");
  const make = (tag, cls, text) => { const e = document.createElement(tag); if (cls) e.className = cls; if (text !== undefined) e.textContent = text; return e; };
  table.setAttribute("aria-label", data.title);
  const head = table.createTHead().insertRow();
  for (const column of data.columns) {
    const th = make("th"); th.scope = "col";
    if (column.sort) {
      const up = data.sort === column.sort && !data.descending, down = data.sort === column.sort && data.descending;
      th.setAttribute("aria-sort", up ? "ascending" : down ? "descending" : "none");
      const button = make("button", "", column.label + (up ? " ▲" : down ? " ▼" : ""));
      button.onclick = () => setTriggerValue("sorted", column.sort); th.append(button);
    } else th.textContent = column.label;
    head.append(th);
  }
  const body = table.createTBody();
  for (const row of data.rows) {
    const tr = body.insertRow();
    row.cells.forEach((cell, number) => {
      const td = tr.insertCell();
      if (data.columns[number].long) td.className = "long";
      if (number === 0 && row.id) {
        const link = make("a", "", cell.text); link.href = row.href;
        link.onclick = (event) => { if (event.ctrlKey || event.metaKey || event.shiftKey) return; event.preventDefault(); setTriggerValue("opened", row.id); };
        td.append(link);
      } else if (cell.tone) td.append(make("span", `chip ${cell.tone}`, cell.text));
      else td.append(make("span", cell.cls ?? "", cell.text));
    });
  }
  const wide = make("div", "wide"); wide.tabIndex = 0; wide.setAttribute("role", "region"); wide.setAttribute("aria-label", data.title); wide.append(table);
  root.replaceChildren(wide);
}
