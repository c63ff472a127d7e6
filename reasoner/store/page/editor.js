// A text field for SPARQL with line numbers, colours, and terms to complete. The text is that of a plain textarea.
import { element, show } from "./elements.js";

const KEYWORDS =
  "ABS|ADD|ALL|AS|ASC|ASK|AVG|BASE|BIND|BNODE|BOUND|BY|CEIL|CLEAR|COALESCE|CONCAT|CONSTRUCT|CONTAINS|COPY|COUNT|CREATE|DATA|DATATYPE|DAY|DEFAULT|DELETE|DESC|DESCRIBE|DISTINCT|DROP|EXISTS|FILTER|FLOOR|FROM|GRAPH|GROUP|GROUP_CONCAT|HAVING|HOURS|IF|IN|INSERT|INTO|IRI|ISBLANK|ISIRI|ISLITERAL|ISNUMERIC|LANG|LANGMATCHES|LCASE|LIMIT|LOAD|MAX|MIN|MINUS|MINUTES|MONTH|MOVE|NAMED|NOT|NOW|OFFSET|OPTIONAL|ORDER|PREFIX|RAND|REDUCED|REGEX|REPLACE|ROUND|SAMETERM|SAMPLE|SECONDS|SELECT|SEPARATOR|SERVICE|SILENT|STR|STRAFTER|STRBEFORE|STRDT|STRENDS|STRLANG|STRLEN|STRSTARTS|SUBSTR|SUM|TIMEZONE|TO|TZ|UCASE|UNDEF|UNION|URI|USING|UUID|VALUES|WHERE|WITH|YEAR|a|false|true";
const TOKEN = new RegExp(
  [
    "(?<comment>#.*)",
    "(?<iri><[^<>\"{}|^`\\\\\\s]*>)",
    "(?<string>\"\"\"[^]*?(?:\"\"\"|$)|'''[^]*?(?:'''|$)|\"(?:[^\"\\\\\\n]|\\\\.)*\"?|'(?:[^'\\\\\\n]|\\\\.)*'?)",
    "(?<variable>[?$]\\w+)",
    "(?<name>[A-Za-z][\\w.-]*:[\\w.-]*|:[\\w.-]+)",
    "(?<number>[0-9]+(?:\\.[0-9]+)?)",
    `(?<keyword>\\b(?:${KEYWORDS})\\b)`,
    "(?:[A-Za-z_]\\w*)",
  ].join("|"),
  "gi",
);
const SHOWN = 12;

export class Editor {
  // Returns terms that begin with what stands before the caret, as { name, label }.
  complete = () => [];

  constructor(root, run) {
    this.numbers = root.querySelector("#numbers");
    this.paint = root.querySelector("#paint");
    this.field = root.querySelector("#text");
    this.list = root.querySelector("#completion");
    this.field.addEventListener("input", () => {
      this.draw();
      this.offer(false);
    });
    this.field.addEventListener("scroll", () => this.follow());
    this.field.addEventListener("blur", () => this.close());
    this.field.addEventListener("click", () => this.close());
    this.field.addEventListener("keydown", (event) => this.press(event, run));
    this.list.addEventListener("mousedown", (event) => {
      event.preventDefault();
      const at = [...this.list.children].indexOf(event.target.closest("li"));
      if (at >= 0) this.take(at);
    });
  }

  get text() {
    return this.field.value;
  }

  // Puts a text in place of the present one; undo brings that back.
  replace(text) {
    this.field.focus();
    this.field.select();
    this.type(text);
    this.field.setSelectionRange(0, 0);
    this.field.scrollTop = this.field.scrollLeft = 0;
    this.close();
  }

  insert(text) {
    this.field.focus();
    this.type(text);
    this.close();
  }

  goTo(line, column) {
    const lines = this.text.split("\n");
    const at = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0) + column - 1;
    this.field.focus();
    this.field.setSelectionRange(at, Math.min(at + 1, this.text.length));
    this.field.scrollTop = Math.max(0, (line - 3) * this.lineHeight);
  }

  get lineHeight() {
    return parseFloat(getComputedStyle(this.field).lineHeight);
  }

  type(text) {
    // The only way that leaves undo as it is; the other is for browsers that do not have it.
    if (!document.execCommand("insertText", false, text)) {
      this.field.setRangeText(text, this.field.selectionStart, this.field.selectionEnd, "end");
    }
    this.draw();
  }

  press(event, run) {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      run();
    } else if (event.key === " " && event.ctrlKey) {
      event.preventDefault();
      this.offer(true);
    } else if (!this.list.hidden && ["ArrowDown", "ArrowUp"].includes(event.key)) {
      event.preventDefault();
      this.mark((this.marked + (event.key === "ArrowDown" ? 1 : -1) + this.list.children.length) % this.list.children.length);
    } else if (!this.list.hidden && ["Enter", "Tab"].includes(event.key)) {
      event.preventDefault();
      this.take(this.marked);
    } else if (event.key === "Escape") {
      this.close();
    } else if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      const line = this.before.split("\n").pop();
      this.type(`\n${/^\s*/.exec(line)[0]}${/[{(]\s*$/.test(line) ? "  " : ""}`);
    }
  }

  get before() {
    return this.text.slice(0, this.field.selectionStart);
  }

  // ---------------------------------------------------------------- colours

  draw() {
    const parts = [];
    let end = 0;
    for (const match of this.text.matchAll(TOKEN)) {
      const kind = Object.keys(match.groups).find((name) => match.groups[name] !== undefined);
      if (!kind) continue;
      parts.push(this.text.slice(end, match.index), element("span", { className: kind }, match[0]));
      end = match.index + match[0].length;
    }
    this.paint.replaceChildren(...parts, this.text.slice(end), "\n");
    const count = this.text.split("\n").length;
    this.numbers.textContent = Array.from({ length: count }, (_, number) => number + 1).join("\n");
    this.follow();
  }

  follow() {
    this.paint.scrollTop = this.numbers.scrollTop = this.field.scrollTop;
    this.paint.scrollLeft = this.field.scrollLeft;
  }

  // ---------------------------------------------------------------- completion

  offer(always) {
    const start = /[\w.-]*:?[\w.-]*$/.exec(this.before)[0];
    const isVariable = /[?$@]$/.test(this.before.slice(0, -start.length || undefined));
    const wanted = !isVariable && (always ? start : start.includes(":"));
    this.start = start;
    this.found = wanted ? this.complete(start).slice(0, SHOWN) : [];
    if (!this.found.length || (this.found.length === 1 && this.found[0].name === start)) {
      this.close();
      return;
    }
    this.list.replaceChildren(
      ...this.found.map(({ name, label }, at) => element("li", { role: "option", id: `completion-${at}` }, `${name} `, element("small", {}, label))),
    );
    const lines = this.before.split("\n");
    const style = getComputedStyle(this.field);
    const width = this.measure(style.font);
    this.list.style.top = `${lines.length * this.lineHeight + 10 - this.field.scrollTop}px`;
    this.list.style.left = `${(lines.pop().length - start.length) * width + 8 - this.field.scrollLeft}px`;
    show(this.list, true);
    this.field.setAttribute("aria-expanded", "true");
    this.mark(0);
  }

  measure(font) {
    this.canvas ??= document.createElement("canvas").getContext("2d");
    this.canvas.font = font;
    return this.canvas.measureText("m").width;
  }

  mark(at) {
    this.marked = at;
    [...this.list.children].forEach((item, number) => item.setAttribute("aria-selected", String(number === at)));
    this.field.setAttribute("aria-activedescendant", `completion-${at}`);
    this.list.children[at].scrollIntoView({ block: "nearest" });
  }

  take(at) {
    const end = this.field.selectionStart;
    this.field.setSelectionRange(end - this.start.length, end);
    this.insert(this.found[at].name);
  }

  close() {
    show(this.list, false);
    this.field.setAttribute("aria-expanded", "false");
    this.field.removeAttribute("aria-activedescendant");
  }
}
