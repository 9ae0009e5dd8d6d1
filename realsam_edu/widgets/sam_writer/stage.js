// How the parts lie on the page, and how they are drawn.

const HELP = "space writes and pauses, right writes one token, left and right look back, up and down choose a neuron, page up and down a layer.";

const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** The parts that are there whether Sam is or not, and empty places for the others. */
function shellOf(model, does) {
  const place = (name) => h("div", { class: `rs-place-${name}` });
  const shell = {
    sheet: sheetPart(does.lookAt), aloud: aloud(), status: statusPart(), ask: askPart({ model, send: does.send }),
    bar: transportPart({ ...does, speed: does.speed(), setSpeed: (v) => save(model, "speed", v) }),
    drawing: drawingPart(model), stress: stressPart(model),
    bars: barsPart(EXPECTED, "What Sam expects next", "drawn"),
    who: h("p", { class: "rs-muted rs-card", "data-testid": "card" }),
    write: button("Write", "mode-write", () => does.mode("write")), chat: button("Chat", "mode-chat", () => does.mode("chat")),
    neuron: place("neuron"), energy: place("energy"), surgery: place("surgery"),
  };
  for (const name of ["raster", "rates", "membrane"]) shell[name] = h("canvas", { role: "img", "data-testid": name, "aria-label": `The ${name}` });
  shell.raster.classList.add("rs-click");
  return shell;
}

/** Words, brain, numbers, folds; a compact page folds all but the first two. */
function layOut(root, shell, compact) {
  const modes = h("div", { class: "rs-row rs-modes", role: "group", "aria-label": "What Sam does" }, shell.write, shell.chat);
  const knobs = h("div", { class: "rs-knobs" }, shell.drawing.heat, shell.stress.el);
  const words = h("div", { class: "rs-words" },
    h("div", { class: "rs-row rs-top" }, modes, shell.who),
    shell.ask.el, shell.sheet.el, shell.bar.el, shell.status.el, shell.aloud.el, ...(compact ? [] : [knobs, shell.drawing.more]));
  const below = [shell.rates, shell.membrane, shell.neuron];
  const brain = h("div", { class: "rs-brain" }, shell.raster, ...(compact ? [] : below));
  const help = h("p", { class: "rs-muted rs-help" }, `Keys: ${HELP} Point at the raster to follow a neuron.`);
  const inside = (...parts) => h("details", { class: "rs-rest" }, h("summary", {}, "Look inside"), h("div", { class: "rs-stack" }, ...parts));
  const numbers = [shell.bars.el, shell.energy];
  const rest = compact
    ? [inside(knobs, shell.drawing.more, h("div", { class: "rs-numbers" }, ...numbers), ...below, shell.surgery, help)]
    : [shell.surgery, help];
  root.append(h("div", { class: "rs-scene" }, words, brain, ...(compact ? [] : numbers)), ...rest);
}

/** In a chat the reader writes below what was said, else above what will be. */
function arrange(root, shell, chat) {
  if (chat) shell.sheet.el.after(shell.ask.el);
  else shell.sheet.el.before(shell.ask.el);
  root.dataset.mode = chat ? "chat" : "write";
  shell.write.setAttribute("aria-pressed", String(!chat));
  shell.chat.setAttribute("aria-pressed", String(chat));
  shell.ask.show();
}

/** How far the newest column has still to slide in; fast writing and calm pages do not slide. */
function sliding() {
  let [seen, left] = [0, 0];
  return (count, column) => {
    const fresh = count - seen;
    seen = count;
    left = fresh === 1 && !calm() ? column : fresh === 0 ? left * 0.72 : 0;
    return left < 0.4 ? (left = 0) : left;
  };
}

function showExpected(bars, past, column) {
  const about = past.count() ? past.about(column) : null;
  if (!about?.top) return bars.show([], [], -1, about ? "Not looked at while reading." : "Nothing read yet.");
  const { top, came, next } = about;
  const note = next == null ? "Nothing is drawn yet." : `◀ came next: ${spoken(next)}${came < 0 ? `, not among these ${EXPECTED}` : ""}`;
  bars.show(top.tokens, top.p, came ?? -1, note);
}

/** The raster in words: what was read, how many fired in each layer. */
function columnWords(past, column) {
  if (past.count() === 0) return "Raster: nothing read yet.";
  const { text, rate, rates } = past.about(column);
  const layers = rates.map((r, l) => `${past.populations[l].name} ${percent(r)}`).join(", ");
  return `Raster. At ${spoken(text)} ${percent(rate)} of ${past.total} neurons fired: ${layers}.`;
}

/** Which neuron and which column are looked at: under the pointer, else chosen, else the newest. */
function lookedAt(at, running) {
  const newest = at.past.count() - 1;
  const { layer, neuron } = at.hover ?? at;
  const column = running ? newest : at.hover?.column ?? at.cursor ?? newest;
  return { layer, neuron, column: clamp(column, Math.min(at.past.first(), newest), newest), held: at.held() };
}

/** Draws all that moves, once per frame at most. */
function painter({ model, at, shell, running, again }) {
  const [tape, slide] = [spikeTape(), sliding()];
  return (colors) => {
    const { past } = at;
    if (!past) return;
    const look = lookedAt(at, running());
    const left = slide(past.count(), at.box?.column ?? 0);
    at.box = drawTape(shell.raster, tape, colors, past, look, model.get("compact") ? clamp(0.72 * shell.raster.clientWidth, 270, 430) : 470, left);
    const rates = drawRateStrip(shell.rates, colors, past, at.box, look.column, at.sam.feels);
    const membrane = drawTrace(shell.membrane, colors, past, at.box, look, at.sam.thr[look.layer][look.neuron]);
    shell.sheet.mark(look.column);
    shell.sheet.follow();
    shell.aloud.speak();
    showExpected(shell.bars, past, look.column);
    if (at.sam.feels) shell.stress.show(at.sam.stress);
    at.meter?.show();
    if (left) again();
    if (running()) return;
    shell.rates.setAttribute("aria-label", rates);
    shell.membrane.setAttribute("aria-label", membrane);
    shell.raster.setAttribute("aria-label", columnWords(past, look.column));
  };
}
