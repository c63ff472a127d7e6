// The page of the endpoint: asks questions of the library or of one's own, and shows the answers.
import { Editor } from "./editor.js";
import { element, show } from "./elements.js";

const TABLES = { CSV: "text/csv", TSV: "text/tab-separated-values", JSON: "application/sparql-results+json", XML: "application/sparql-results+xml" };
const GRAPHS = { Turtle: "text/turtle", "N-Triples": "application/n-triples", "JSON-LD": "application/ld+json", "RDF/XML": "application/rdf+xml" };
const SUFFIXES = { CSV: "csv", TSV: "tsv", JSON: "srj", XML: "srx", Turtle: "ttl", "N-Triples": "nt", "JSON-LD": "jsonld", "RDF/XML": "rdf" };
const ROWS = 1000;
const TERMS = 200;
const BYTES = 32 * 2 ** 20;
const START = `# How did the current determinations come out?
SELECT ?outcome (COUNT(?request) AS ?requests) {
  ?request nec:currentDetermination/nec:outcome ?outcome .
}
GROUP BY ?outcome
ORDER BY DESC(?requests)
`;
const ALL_TERMS = `SELECT ?term ?label ?definition (GROUP_CONCAT(DISTINCT STR(?type); separator=" ") AS ?types) {
  ?term skos:prefLabel ?label ; a ?type .
  FILTER(LANGMATCHES(LANG(?label), "en") && isIRI(?term))
  FILTER NOT EXISTS { ?term a nec:Statement }
  OPTIONAL { ?term skos:definition ?definition }
} GROUP BY ?term ?label ?definition ORDER BY ?term`;
// The finding classes: a leaf's own is defined as the statements that address it, the others lie below one.
const FINDINGS = `SELECT DISTINCT ?term {
  { ?term rdfs:subClassOf+ nec:Statement } UNION
  { ?own owl:equivalentClass/owl:intersectionOf/rdf:rest*/rdf:first nec:Statement . ?term rdfs:subClassOf* ?own }
}`;
const SAYS = "A statement that affirms or denies this: ";

const by = (id) => document.getElementById(id);
const endpoint = new URL("sparql", document.baseURI).href;
const editor = new Editor(by("editor"), () => ask());
let token = "";
let asked = "";
let meanings = {};
let running = null;
let prefixes = [];
let terms = [];

async function request(url, options = {}) {
  const headers = { ...options.headers, ...(token && { Authorization: `Bearer ${token}` }) };
  const response = await fetch(url, { ...options, headers, cache: "no-store" });
  if (response.status === 401) {
    show(by("sign-in"), true);
    by("token").focus();
  }
  if (!response.ok) throw new Error((await response.text()).trim() || `the server answers ${response.status}`);
  return response;
}

function send(query, accept, signal) {
  const headers = { "Content-Type": "application/sparql-query", Accept: accept };
  return request(endpoint, { method: "POST", body: query, headers, signal });
}

async function read(response) {
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  for (let length = 0; ;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    length += value.length;
    if (length > BYTES) {
      await reader.cancel();
      throw new Error(`the answer has more than ${BYTES / 2 ** 20} MiB: use LIMIT, or ask the endpoint with a program`);
    }
    text += decoder.decode(value, { stream: true });
  }
}

// ---------------------------------------------------------------- asking

async function ask() {
  running?.abort();
  const mine = (running = new AbortController());
  asked = editor.text;
  by("problem").textContent = "";
  for (const id of ["told", "table", "graph"]) show(by(id), false);
  show(by("stop"), true);
  const began = performance.now();
  try {
    const response = await send(asked, "application/sparql-results+json, text/turtle;q=0.9", mine.signal);
    const graph = response.headers.get("Content-Type").startsWith("text/turtle");
    const body = await read(response);
    const seconds = ((performance.now() - began) / 1000).toFixed(2);
    if (graph) showGraph(body, seconds);
    else showTable(JSON.parse(body), seconds);
  } catch (error) {
    if (error.name === "AbortError") return;
    by("problem").textContent = error.message;
    const place = /line (\d+), column (\d+)/.exec(error.message);
    if (place) editor.goTo(Number(place[1]), Number(place[2]));
  } finally {
    if (running === mine) {
      running = null;
      show(by("stop"), false);
    }
  }
}

function tell(summary, formats) {
  by("summary").textContent = summary;
  by("format").replaceChildren(...Object.keys(formats).map((name) => element("option", { value: name }, name)));
  show(by("told"), true);
}

function showTable(answer, seconds) {
  if ("boolean" in answer) {
    tell(`${answer.boolean ? "Yes" : "No"}, in ${seconds} s`, { JSON: TABLES.JSON, XML: TABLES.XML });
    return;
  }
  const rows = answer.results.bindings;
  const cut = rows.length > ROWS ? ` The first ${ROWS.toLocaleString()} are shown; download all.` : "";
  tell(`${rows.length.toLocaleString()} ${rows.length === 1 ? "row" : "rows"}, in ${seconds} s.${cut}`, TABLES);
  by("table").replaceChildren(table(answer.head.vars, rows.slice(0, ROWS), meanings));
  show(by("table"), rows.length > 0);
  by("table").scrollTop = 0;
}

function showGraph(turtle, seconds) {
  tell(`A graph, in ${seconds} s, with the known prefixes`, GRAPHS);
  by("graph").textContent = turtle.replace(/^@prefix .*\n/gm, "");
  show(by("graph"), true);
}

function table(names, rows, told = {}) {
  const head = element("tr", {}, ...names.map((name) => element("th", { scope: "col", title: told[name] ?? "" }, name)));
  const body = rows.map((row) => element("tr", {}, ...names.map((name) => cell(row[name]))));
  return element("table", {}, element("thead", {}, head), element("tbody", {}, ...body));
}

function cell(term) {
  if (!term) return element("td", {});
  if (term.type === "uri") {
    const link = element("button", { title: `${term.value}\nShow what is said of it` }, shorten(term.value));
    link.addEventListener("click", () => describe(term.value));
    return element("td", {}, link);
  }
  if (term.type === "bnode") return element("td", {}, `_:${term.value}`);
  const kind = (term.datatype ?? "").split("#").pop();
  const isNumber = ["integer", "decimal", "double", "float"].includes(kind);
  const mark = term["xml:lang"] && term["xml:lang"] !== "en" ? element("small", {}, ` @${term["xml:lang"]}`) : "";
  const className = isNumber ? "number" : kind.startsWith("date") ? "date" : "";
  return element("td", { className, title: kind }, term.value, mark);
}

async function describe(iri) {
  by("described").textContent = shorten(iri);
  by("said").replaceChildren("…");
  if (!by("description").open) by("description").showModal();
  try {
    const query = `SELECT ?property ?value { <${iri}> ?property ?value } ORDER BY ?property ?value LIMIT ${ROWS}`;
    const answer = await (await send(query, TABLES.JSON)).json();
    const rows = answer.results.bindings;
    by("said").replaceChildren(rows.length ? table(answer.head.vars, rows) : "The base says nothing of it as a subject.");
  } catch (error) {
    by("said").textContent = error.message;
  }
}

async function download() {
  const name = by("format").value;
  try {
    const response = await send(asked, { ...TABLES, ...GRAPHS }[name]);
    const url = URL.createObjectURL(await response.blob());
    element("a", { href: url, download: `answer.${SUFFIXES[name]}` }).click();
    URL.revokeObjectURL(url);
  } catch (error) {
    by("problem").textContent = error.message;
  }
}

function shorten(iri) {
  const found = prefixes.find(([, space]) => iri.startsWith(space) && /^[\w-]*$/.test(iri.slice(space.length)));
  return found ? `${found[0]}:${iri.slice(found[1].length)}` : iri;
}

// ---------------------------------------------------------------- questions

async function listQuestions() {
  const questions = await (await request("questions")).json();
  const entries = questions.map((question) => {
    const button = element("button", {}, question.title, element("small", {}, question.name));
    button.addEventListener("click", () => {
      for (const other of by("question-list").querySelectorAll("[aria-current]")) other.removeAttribute("aria-current");
      button.setAttribute("aria-current", "true");
      choose(question);
    });
    const words = `${question.name} ${question.title} ${question.purpose}`.toLowerCase();
    return { item: element("li", {}, button), words };
  });
  by("question-list").replaceChildren(...entries.map(({ item }) => item));
  by("find-question").oninput = ({ target }) => {
    for (const { item, words } of entries) show(item, words.includes(target.value.toLowerCase()));
  };
}

function choose(question) {
  show(by("about"), true);
  by("title").textContent = question.title;
  by("purpose").textContent = question.purpose;
  by("parameter-problem").textContent = "";
  meanings = question.columns;
  editor.replace(withoutNotes(question.text));
  const fields = question.parameters.map(({ name, kind, help, default: value }) => {
    const field = element("input", { name, placeholder: value === "UNDEF" ? "any" : value, title: kind });
    return element("label", {}, `${name} (${kind})`, field, element("small", {}, help));
  });
  by("parameters").replaceChildren(...fields);
  by("parameters").oninput = () => bind(question);
}

async function bind(question) {
  const given = [...new FormData(by("parameters"))].filter(([, value]) => value);
  try {
    const response = await request(`questions/${question.name}?${new URLSearchParams(given)}`);
    const text = await response.text();
    by("parameter-problem").textContent = "";
    editor.replace(withoutNotes(text));
  } catch (error) {
    by("parameter-problem").textContent = error.message;
  }
}

// The text without what the page shows above it and in the heads of columns.
function withoutNotes(text) {
  return text.replace(/^#\+.*\n/gm, "").trimStart();
}

// ---------------------------------------------------------------- terms

async function listTerms() {
  const asked = [request("prefixes"), send(ALL_TERMS, TABLES.JSON), send(FINDINGS, TABLES.JSON)];
  const [known, answer, ofStatements] = await Promise.all(asked);
  const findings = new Set((await ofStatements.json()).results.bindings.map(({ term }) => term.value));
  prefixes = Object.entries(await known.json()).sort(([, a], [, b]) => b.length - a.length);
  terms = (await answer.json()).results.bindings
    .map(({ term, label, definition, types }) => ({
      name: shorten(term.value),
      iri: term.value,
      label: label.value,
      definition: (findings.has(term.value) ? SAYS : "") + (definition?.value ?? ""),
      kind: findings.has(term.value) ? "class of statements" : kindOf(types.value.split(" ")),
    }))
    .filter(({ name, iri }) => name !== iri);
  editor.complete = (start) => {
    const words = start.toLowerCase();
    return terms.filter(({ name, label }) => name.toLowerCase().startsWith(words) || (words.length > 2 && label.toLowerCase().startsWith(words)));
  };
  by("find-term").oninput = findTerms;
  findTerms();
}

function kindOf(types) {
  const names = types.map((type) => shorten(type));
  const own = names.find((name) => !/^(owl|sh|skos):/.test(name));
  const words = own ?? names.find((name) => name !== "owl:NamedIndividual") ?? names[0];
  return { "owl:Class": "class", "owl:ObjectProperty": "property", "owl:DatatypeProperty": "property", "owl:AnnotationProperty": "annotation" }[words] ?? words;
}

function findTerms() {
  const words = by("find-term").value.toLowerCase().split(/\s+/).filter(Boolean);
  const found = terms.filter((term) => words.every((word) => `${term.name} ${term.label} ${term.definition}`.toLowerCase().includes(word)));
  const more = found.length > TERMS ? `, the first ${TERMS} shown` : "";
  by("term-count").textContent = `${found.length.toLocaleString()} ${found.length === 1 ? "term" : "terms"}${more}. A click puts one into the query.`;
  by("term-list").replaceChildren(
    ...found.slice(0, TERMS).flatMap(({ name, iri, label, definition, kind }) => {
      const button = element("button", { title: iri }, name);
      button.addEventListener("click", () => editor.insert(name));
      return [element("dt", {}, button), element("dd", {}, `${label} `, element("small", {}, kind), element("br", {}), definition)];
    }),
  );
}

// ---------------------------------------------------------------- the page

function chooseTab(tab) {
  for (const other of document.querySelectorAll("[role=tab]")) {
    other.setAttribute("aria-selected", String(other === tab));
    other.tabIndex = other === tab ? 0 : -1;
    show(by(other.getAttribute("aria-controls")), other === tab);
  }
}

for (const tab of document.querySelectorAll("[role=tab]")) {
  tab.addEventListener("click", () => chooseTab(tab));
  tab.addEventListener("keydown", ({ key }) => {
    if (key !== "ArrowLeft" && key !== "ArrowRight") return;
    const other = tab.nextElementSibling ?? tab.previousElementSibling;
    chooseTab(other);
    other.focus();
  });
}
by("endpoint").textContent = endpoint;
by("ask").addEventListener("click", ask);
by("stop").addEventListener("click", () => running?.abort());
by("download").addEventListener("click", download);
by("parameters").addEventListener("submit", (event) => {
  event.preventDefault();
  ask();
});
by("sign-in").addEventListener("submit", (event) => {
  event.preventDefault();
  token = by("token").value;
  show(by("sign-in"), false);
  start();
});
editor.replace(START);

async function start() {
  by("problem").textContent = "";
  try {
    await Promise.all([listQuestions(), listTerms()]);
  } catch (error) {
    by("problem").textContent = error.message;
  }
}
start();
