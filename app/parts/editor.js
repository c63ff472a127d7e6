// A text field that is saved while someone types: half a second after the last key, and whenever the field is left.
export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".root"), area = root.querySelector("textarea"), state = root.querySelector(".state");
  const field = root.field ??= { timer: 0, sent: null, version: null };
  root.querySelector(".caption").textContent = data.label;
  area.rows = data.rows; area.maxLength = data.longest;
  const dirty = () => field.sent !== null && area.value !== field.sent;
  // What is typed here and not sent yet is never overwritten; it is sent with the version that it was typed over.
  if (field.version !== data.version && !dirty()) { field.version = data.version; area.value = data.value; field.sent = data.value; }
  const say = (text, bad) => { state.textContent = text; state.className = bad ? "state bad" : "state"; };
  const send = () => { clearTimeout(field.timer); if (!dirty()) return; field.sent = area.value; say("Saving …"); setStateValue("text", { text: area.value, version: field.version }); };
  area.oninput = () => { clearTimeout(field.timer); say("Not saved yet"); field.timer = setTimeout(send, 500); };
  area.onblur = send;
  if (!dirty()) say(data.state, data.bad);
  const leave = (event) => { if (dirty()) { send(); event.preventDefault(); } };
  window.addEventListener("beforeunload", leave);
  return () => { window.removeEventListener("beforeunload", leave); send(); };
}
