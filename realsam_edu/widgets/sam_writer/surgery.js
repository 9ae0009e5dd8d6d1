// Surgery: silence or force neurons and layers, measure the loss, write the same seed twice.

const WRITTEN = 60; // tokens of each text in the comparison

/** What is held, as a Map from "layer:neuron" or "layer:all" to 0 or 1; every change makes a new one. */
function operations(sam) {
  let held = new Map();
  const act = (key, value) => {
    const [l, n] = key.split(":");
    if (n === "all") sam.clampLayer(+l, value);
    else sam.clamp(+l, +n, value);
  };
  const wake = () => held.forEach((_, key) => act(key, null));
  const apply = () => {
    // layers first: a neuron's own word counts more
    for (const [key, value] of [...held].sort(([a]) => (a.endsWith("all") ? -1 : 1))) act(key, value);
  };
  const set = (key, value) => {
    wake();
    held = new Map(held);
    if (value === null) held.delete(key);
    else held.set(key, value);
    apply();
  };
  const free = () => {
    wake();
    held = new Map();
  };
  return { held: () => held, set, free, wake, apply };
}

/** "neuron 412 of layer 3 silenced", for buttons and for the ear. */
function operationWords(key, value, populations) {
  const [l, n] = key.split(":");
  const who = n === "all" ? `all of ${populations[+l].name}` : `neuron ${n} of ${populations[+l].name}`;
  return `${who} ${value ? "held firing" : "silenced"}`;
}

/** The loss on the held-out text, a token at a time. */
function* lossOf(sam, far) {
  const of = sam.heldOut.length - 1;
  const steps = sam.losing();
  for (let t = 0; ; t++) {
    const { done, value } = steps.next();
    if (done) return value;
    far(t / of);
    yield 0;
  }
}

/** What Sam writes after a prompt from silence, at most `WRITTEN` tokens; his state is left as it was. */
function* textOf(sam, prompt, options) {
  const kept = sam.save();
  try {
    sam.reset();
    const { end } = sam.tokenizer;
    const writer = new Writer(sam, yield* encoded(sam, prompt, end === null ? [] : [end]), options);
    for (; writer.left; yield 0) writer.read(1);
    const texts = [];
    while (texts.length < WRITTEN) {
      const { text, ended } = writer.next();
      texts.push(ended ? " ■" : text);
      if (ended) break;
      yield 0;
    }
    return texts;
  } finally {
    sam.restore(kept);
  }
}

/** A text in two parts: what is the same in both, and from where they differ. */
function comparedText(texts, other) {
  const at = texts.findIndex((text, i) => text !== other[i]);
  const same = h("span", {}), differs = h("ins", {});
  same.textContent = texts.slice(0, at < 0 ? texts.length : at).join("").trimStart();
  differs.textContent = at < 0 ? "" : texts.slice(at).join("");
  return { el: h("p", { class: "rs-flow" }, same, differs), at };
}

function heldList(populations, free) {
  const list = h("ul", { class: "rs-held", "data-testid": "held" });
  const show = (held) => {
    const items = [...held].map(([key, value]) => {
      const words = operationWords(key, value, populations);
      return h("li", {}, words, button("Free", "free-one", () => free(key), `Free ${words}`));
    });
    list.replaceChildren(...(items.length ? items : [h("li", { class: "rs-muted" }, "Nothing is held: Sam is whole.")]));
  };
  return { el: list, show };
}

/**
 * The folded table of the surgeon. `chosen()` is [layer, neuron]; `work(steps, left)` runs a
 * generator without holding the page up, and `quiet()` gives such work up, since a measurement is of
 * one Sam; `changed()` is called after every operation.
 */
function surgeryPart({ sam, chosen, prompt, options, work, quiet, changed }) {
  const knife = operations(sam);
  const { populations } = sam;
  const held = heldList(populations, (key) => operate(key, null));
  const loss = h("p", { class: "rs-says", role: "status", "data-testid": "loss" }, "Not measured yet.");
  const both = h("div", { class: "rs-two", "data-testid": "both" });
  const bar = h("progress", { max: 1, value: 0, hidden: true, "aria-label": "How much of the held-out text is read" });
  const operate = (key, value) => {
    quiet();
    if (key === null) knife.free();
    else knife.set(key, value);
    show();
    changed();
  };
  const neuron = () => chosen().join(":");
  const layer = () => `${chosen()[0]}:all`;
  const acts = {
    silence: button("", "silence", () => operate(neuron(), 0)),
    force: button("", "force", () => operate(neuron(), 1)),
    layer: button("", "silence-layer", () => operate(layer(), 0)),
    free: button("Free all", "free-all", () => operate(null)),
  };
  const measure = button("Measure the loss", "measure", () => work(measuring(sam, knife, loss, bar)));
  const twice = button("Write the same seed twice", "twice", () => work(comparing(sam, knife, prompt(), options(), both)));
  const show = () => {
    const [l, n] = chosen();
    acts.silence.textContent = `Silence neuron ${n}`;
    acts.force.textContent = `Hold neuron ${n} firing`;
    acts.layer.textContent = `Silence ${populations[l].name}`;
    acts.free.disabled = knife.held().size === 0;
    held.show(knife.held());
  };
  show();
  const el = h("details", { class: "rs-surgery", "data-testid": "surgery" },
    h("summary", {}, "Surgery: silence a neuron, or a layer"),
    h("div", { class: "rs-stack" },
      h("div", { class: "rs-row" }, ...Object.values(acts)), held.el,
      h("div", { class: "rs-row" }, measure, twice), bar, loss, both));
  return { el, show, knife };
}

/** The loss on the held-out text of the file, whole and operated. */
function* measuring(sam, knife, out, bar) {
  const far = (share) => (bar.value = share);
  bar.hidden = false;
  try {
    const now = yield* lossOf(sam, far);
    knife.wake();
    const whole = knife.held().size ? yield* lossOf(sam, far) : now;
    const words = knife.held().size
      ? `whole ${whole.toFixed(3)}, operated ${now.toFixed(3)} nats per token: ${Math.abs(now - whole).toFixed(3)} ${now < whole ? "less" : "more"}.`
      : `${now.toFixed(3)} nats per token: nothing is held.`;
    out.textContent = `On ${sam.heldOut.length - 1} tokens that Sam never learnt from: ${words}`;
  } finally {
    bar.hidden = true;
    knife.apply();
  }
}

/** The same beginning and seed, whole and operated, side by side. */
function* comparing(sam, knife, prompt, options, out) {
  const column = (title, ...inside) => h("div", { class: "rs-stack" }, h("h4", {}, title), ...inside);
  out.replaceChildren(column("Writing …"));
  try {
    const operated = yield* textOf(sam, prompt, options);
    knife.wake();
    const whole = yield* textOf(sam, prompt, options);
    const [left, right] = [comparedText(whole, operated), comparedText(operated, whole)];
    const from = left.at < 0 ? right.at : left.at;
    const verdict = from < 0 ? "Both are the same." : `They differ from token ${from + 1} on, underlined. ■ is where Sam ends the text.`;
    out.replaceChildren(column("Whole", left.el), column("Operated", right.el), h("p", { class: "rs-legend", role: "status" }, verdict));
  } finally {
    if (out.childElementCount === 1) out.replaceChildren(); // given up
    knife.apply();
  }
}
