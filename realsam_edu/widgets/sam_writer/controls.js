// Everything that can be pressed, typed or dragged around Sam; what it does is handed in.

const SPEEDS = [["4", "4 / second"], ["12", "12 / second"], ["40", "40 / second"], ["120", "120 / second"], ["1000000", "as fast as it goes"]];

const button = (words, testid, onclick, name = null) =>
  h("button", { type: "button", "data-testid": testid, "aria-label": name, onclick }, words);

/** A number field with a label; what is typed is kept inside [min, max]. */
function numberField({ name, min, max, step = 1, value, testid, onchange }) {
  const id = uid("number");
  const input = h("input", { id, type: "number", min, max, step, value, "data-testid": testid });
  input.addEventListener("change", () => {
    const typed = input.value.trim() === "" ? NaN : Number(input.value);
    const kept = clamp(Number.isFinite(typed) ? typed : value, min, max);
    value = Number.isInteger(step) ? Math.round(kept) : kept;
    input.value = value;
    onchange(value);
  });
  const show = (v) => (input.value = value = v);
  return { el: h("div", { class: "rs-choice" }, h("label", { for: id }, name), input), input, show };
}

/** Where the reader types: a beginning for Sam in "write", the next turn in "chat". */
function askPart({ model, send }) {
  const id = uid("ask");
  const name = h("label", { for: id });
  const area = h("textarea", { id, rows: 2, "data-testid": "prompt", spellcheck: "false", autocomplete: "off" });
  const go = h("button", { type: "submit", class: "rs-play", "data-testid": "send" });
  const form = h("form", { class: "rs-ask" }, name, h("div", { class: "rs-ask-row" }, area, go));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(area.value);
  });
  area.addEventListener("keydown", (event) => {
    const enter = event.key === "Enter" && !event.isComposing;
    const chat = model.get("mode") === "chat" && !event.shiftKey;
    if (!enter || !(chat || event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    send(area.value);
  });
  area.addEventListener("input", () => wrong(false));
  const wrong = (is) => area.setAttribute("aria-invalid", String(is));
  const show = () => {
    const chat = model.get("mode") === "chat";
    name.textContent = chat ? "You" : "Sam begins with";
    go.textContent = chat ? "Send" : "Begin";
    go.classList.toggle("rs-play", chat);
    area.placeholder = model.get("placeholder") || (chat ? "Say something to Sam" : "The beginning of a text");
    area.title = chat ? "Enter sends, Shift and Enter begin a new line" : "Control and Enter write";
    area.value = chat ? "" : model.get("prompt");
  };
  show();
  return { el: form, area, show, wrong, enable: (on) => (go.disabled = !on) };
}

/** Write or pause, step, again, another, forget, and the speed. */
function transportPart({ toggle, step, again, another, forget, speed, setSpeed }) {
  const play = h("button", { type: "button", class: "rs-play", "data-testid": "play", onclick: toggle });
  const row = {
    step: button("Step", "step", step, "Step: one token"),
    again: button("Again", "again", again, "Again: the same seed, the same text"),
    another: button("Another", "another", another, "Another: the next seed"),
    forget: button("Forget all", "forget", forget),
  };
  const pace = choice({ name: "Tokens", options: SPEEDS, value: String(speed), testid: "speed", onchange: (v) => setSpeed(+v) });
  const el = h("div", { class: "rs-row rs-sam-row" }, play, ...Object.values(row), pace.el);
  const show = ({ on, chat, ready, more }) => {
    play.replaceChildren(icon(on ? "pause" : "play"), on ? "Pause" : "Write");
    for (const b of [play, row.step]) b.disabled = !ready || (chat && !more);
    row.again.disabled = row.another.disabled = !ready;
    row.again.hidden = row.another.hidden = chat;
    row.forget.hidden = !chat;
  };
  return { el, show, pace };
}

/** Temperature always in sight; the finer points of drawing, and the seed, are folded. */
function drawingPart(model) {
  const keep = (name) => (v) => save(model, name, v);
  const heat = slider({
    name: "Temperature", min: 0, max: 1.5, step: 0.05, value: model.get("temperature"), testid: "temperature",
    say: (t) => (t === 0 ? "0: always the likeliest" : t.toFixed(2)), oninput: keep("temperature"),
  });
  const fields = {
    seed: numberField({ name: "Seed", min: 0, max: 2 ** 31 - 1, value: model.get("seed"), testid: "seed", onchange: keep("seed") }),
    top_k: numberField({ name: "Top-k (0: all)", min: 0, max: 65536, value: model.get("top_k"), testid: "top-k", onchange: keep("top_k") }),
    top_p: numberField({ name: "Top-p", min: 0.01, max: 1, step: 0.01, value: model.get("top_p"), testid: "top-p", onchange: keep("top_p") }),
    repetition_penalty: numberField({ name: "Repetition penalty", min: 1, max: 10, step: 0.05, value: model.get("repetition_penalty"), testid: "penalty", onchange: keep("repetition_penalty") }),
  };
  const more = h("details", { class: "rs-more" },
    h("summary", {}, "More: seed, top-k, top-p, repetition"),
    h("div", { class: "rs-row" }, ...Object.values(fields).map((f) => f.el)),
    h("p", { class: "rs-legend" }, "The order is: penalty for the last 64 tokens, temperature, top-k, top-p, draw. What changes counts from the next token on; a seed, from the next beginning."));
  const show = () => {
    heat.show(model.get("temperature"));
    for (const name in fields) fields[name].show(model.get(name));
  };
  return { heat: heat.el, more, show };
}

/** The stress that all neurons hear: felt, or held by the reader. Only V4 has one. */
function stressPart(model) {
  const id = uid("feel");
  const feels = h("input", { id, type: "checkbox", "data-testid": "feel" });
  const bar = slider({
    name: "Stress", min: 0, max: 1, step: 0.01, value: model.get("stress") ?? 1, testid: "stress",
    say: (s) => `${s.toFixed(2)} (${model.get("stress") === null ? "felt" : "held"})`, oninput: (v) => save(model, "stress", v),
  });
  feels.addEventListener("change", () => save(model, "stress", feels.checked ? null : +bar.input.value));
  const el = h("div", { class: "rs-stress" }, bar.el, h("label", { class: "rs-radio", for: id }, feels, "let Sam feel it"));
  const show = (now) => {
    feels.checked = model.get("stress") === null;
    if (document.activeElement !== bar.input || feels.checked) bar.show(model.get("stress") ?? now);
  };
  return { el, show };
}

/** Layer and neuron as native controls; the raster and the arrow keys choose too. */
function neuronPart(populations, pick) {
  const names = populations.map((p, l) => [String(l), p.name]);
  const layer = choice({ name: "Layer", options: names, value: "0", testid: "layer", onchange: (v) => pick(+v, +neuron.input.value) });
  const neuron = numberField({ name: "Neuron", min: 0, max: populations[0].neurons - 1, value: 0, testid: "neuron", onchange: (n) => pick(+layer.select.value, n) });
  const show = (l, n) => {
    layer.select.value = String(l);
    neuron.input.max = populations[l].neurons - 1;
    neuron.show(n);
  };
  return { el: h("div", { class: "rs-row rs-chooser" }, layer.el, neuron.el), show };
}

/** One sentence about what happens, one about what is missing, and how far something long has come. */
function statusPart() {
  const note = h("p", { class: "rs-note", role: "status", "data-testid": "note" });
  const fault = h("p", { class: "rs-says rs-alarm", role: "status", "data-testid": "fault", hidden: true });
  const bar = h("progress", { max: 1, value: 0, "aria-label": "How far it is" });
  const words = h("span", { class: "rs-muted" });
  const far = h("div", { class: "rs-far", "data-testid": "progress", hidden: true }, bar, words);
  const progress = (share, text) => {
    far.hidden = share === null;
    bar.value = share ?? 0;
    words.textContent = text ?? "";
  };
  const say = (text, alarm = false) => {
    if (note.textContent !== text) note.textContent = text;
    note.classList.toggle("rs-alarm", alarm);
  };
  const missing = (text) => {
    fault.textContent = text;
    fault.hidden = !text;
  };
  return { el: h("div", { class: "rs-status" }, fault, note, far), say, missing, progress };
}
