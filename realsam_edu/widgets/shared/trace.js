// A recorded run as the page reads it, how tokens are shown, and bars for what may come next.

const VISIBLE = { "\n": "↵", " ": "␣", "\t": "⇥" };
const NAMES = { "\n": "newline", " ": "space", "\t": "tab" };

const visible = (token) => token.replace(/[\n\t]/g, (c) => VISIBLE[c]).replace(/^ +$/, (s) => "␣".repeat(s.length));
const spoken = (token) => NAMES[token] ?? `"${visible(token)}"`;

/** The traits, unpacked: spikes (L,T,N), membrane codes (L,T,N), scales (L,N,2), thresholds (L,N). */
function readTrace(model) {
  const [layers, steps, neurons] = model.get("shape");
  const cells = layers * steps * neurons;
  const codes = toBytes(model.get("mem_codes"));
  return {
    layers, steps, neurons,
    spk: unpackBits(model.get("spikes"), cells),
    codes: new Int8Array(codes.buffer.slice(codes.byteOffset, codes.byteOffset + cells)),
    scale: toFloats(model.get("mem_scale")),
    thr: toFloats(model.get("thresholds")),
    p: toFloats(model.get("top_p")),
    chars: model.get("top_chars"),
    tokens: model.get("tokens"),
    prompt: model.get("prompt_len"),
  };
}

const fired = (tr, l, t, n) => tr.spk[(l * tr.steps + t) * tr.neurons + n] === 1;

/** Membrane minus threshold: above zero exactly where the neuron fired. */
function excess(tr, l, t, n) {
  const code = tr.codes[(l * tr.steps + t) * tr.neurons + n];
  const at = 2 * (l * tr.neurons + n);
  return code > 0 ? (code / 127) * tr.scale[at + 1] : (code / 128) * tr.scale[at];
}

/** `wide` next tokens as bars with their probabilities; the one that came, or was drawn, is marked. */
function barsPart(wide, title, testid) {
  const rows = Array.from({ length: wide }, () => {
    const [token, fill, number, mark] = ["rs-tok", "rs-fill", "rs-num", "rs-mark"].map((c) => h("span", { class: c }));
    return { el: h("li", {}, token, h("span", { class: "rs-bar" }, fill), number, mark), token, fill, number, mark };
  });
  const note = h("p", { class: "rs-muted", "data-testid": testid });
  const el = h("div", { class: "rs-next", "data-testid": "next" }, h("h4", {}, title), h("ol", {}, ...rows.map((r) => r.el)), note);
  const show = (tokens, p, marked, words) => {
    rows.forEach((row, k) => {
      row.token.textContent = visible(tokens[k] ?? "");
      row.fill.style.width = `${100 * (p[k] ?? 0)}%`;
      row.number.textContent = tokens[k] == null ? "" : percent(p[k]);
      row.mark.textContent = k === marked ? "◀" : "";
      row.el.classList.toggle("rs-came", k === marked);
    });
    note.textContent = words;
  };
  return { el, show };
}
