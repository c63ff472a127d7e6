// A text that is sent to be saved while it is typed, half a second after the last key and whenever it is left.
export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".root"), area = root.querySelector("textarea"), state = root.querySelector(".state");
  const kept = root.kept ??= { timer: 0, sent: null, made: null };
  root.querySelector(".caption").textContent = data.label;
  area.rows = data.rows; area.maxLength = data.longest;
  const dirty = () => kept.sent !== null && area.value !== kept.sent;
  // What is typed here and not sent yet is never overwritten; it goes out with the number of the text it was typed over.
  if (kept.made !== data.made && !dirty()) { kept.made = data.made; area.value = data.value; kept.sent = data.value; }
  const say = (text, bad) => { state.textContent = text; state.className = bad ? "state bad" : "state"; };
  const send = () => { clearTimeout(kept.timer); if (!dirty()) return; kept.sent = area.value; say("Saving …"); setStateValue("text", { text: area.value, made: kept.made }); };
  area.oninput = () => { clearTimeout(kept.timer); say("Not saved yet"); kept.timer = setTimeout(send, 500); };
  area.onblur = send;
  if (!dirty()) say(data.state, data.bad);
  const leave = (event) => { if (dirty()) { send(); event.preventDefault(); } };
  window.addEventListener("beforeunload", leave);
  return () => { window.removeEventListener("beforeunload", leave); send(); };
}
