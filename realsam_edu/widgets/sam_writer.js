// Sam writes: his text as it comes, every neuron as it fires, and a reader who may interfere.

const DEFAULTS = {
  name: "v4", commit: null, mode: "write", prompt: "", placeholder: "", temperature: 0.8, top_k: 0, top_p: 1, repetition_penalty: 1,
  seed: 0, stress: null, speed: 0, autoplay: false, compact: false, recording: null, text: "", layer: 0, neuron: 0,
};
const PATIENCE = 1500; // milliseconds after which a recording plays while the weights are on their way
const REST = 2.5; // seconds between two texts that Sam writes by himself
const SPEECHLESS = "This Sam reads characters and has never seen a turn; he can only write on.";
const NOBODY = new Map(); // nothing is held

/** What the session tells becomes text on the sheet, sound, and numbers. */
function listener({ at, shell }) {
  return {
    step: () => at.meter?.add(at.sam.fired),
    given: (text, column) => shell.sheet.add({ text, column, kind: "read" }),
    wrote: (text, column) => {
      at.written += text;
      shell.sheet.add({ text, column, kind: "wrote" });
      shell.aloud.add(text);
    },
    turn: (who) => {
      if (at.chat()) shell.sheet.begin(who === "user" ? "You" : "Sam", who);
    },
    far: (read, of) => shell.status.progress(of > 200 && read < of ? read / of : null, `reading ${read.toLocaleString("en")} of ${of.toLocaleString("en")} tokens`),
    held: () => at.held(),
  };
}

/** A fresh page for a text; what was there goes. */
function clearSheet(at, shell) {
  shell.sheet.clear();
  shell.status.progress(null);
  [at.written, at.cursor, at.hover] = ["", null, null];
  at.meter?.reset();
}

/** Begin, go on, stop, step: what the buttons and keys do. */
function conductor({ model, at, shell, work, refresh, told }) {
  const left = (steps) => (why, error) => {
    if (why !== "stopped") at.steps = null;
    shell.aloud.flush();
    shell.status.progress(null);
    save(model, "text", at.written);
    if (why === "failed") {
      shell.status.say(error.message, true);
      shell.ask.wrong(true);
    } else if (why === "done") ended();
    refresh();
  };
  const ended = () => {
    shell.status.say(at.chat() ? "" : at.session ? "Sam ended the text." : "The recording has ended.");
    if (!model.get("autoplay") || calm() || at.chat() || at.touched) return;
    if (at.session) save(model, "seed", model.get("seed") + 1);
    run(resting(REST * at.pace(), begun()));
  };
  function* resting(cost, steps) {
    yield cost;
    clearSheet(at, shell);
    shell.sheet.begin(null, "plain");
    yield* steps;
  }
  const run = (steps, enough) => {
    at.steps = steps;
    shell.status.say("");
    work.run(steps, left(steps), enough);
    refresh();
  };
  /** A new text, or the recording from its start. */
  const begun = () => at.session ? at.session.text(model.get("prompt"), model.get("seed")) : replaying(at.sam, at.past, told);
  const begin = (enough) => {
    work.stop();
    if (at.session) at.session.forget();
    else at.past.clear();
    clearSheet(at, shell);
    shell.sheet.begin(null, "plain");
    run(begun(), enough);
  };
  const say = (words) => {
    if (!words.trim()) return shell.status.say("Say something first.");
    work.stop();
    run(at.session.turn(words, model.get("seed")));
    shell.ask.area.value = "";
  };
  const goOn = (enough) => {
    at.cursor = null;
    if (at.steps) run(at.steps, enough);
    else if (at.chat()) shell.ask.area.focus();
    else begin(enough);
  };
  /** A chat begins anew: the state forgets, and so does the sheet. */
  const forget = () => {
    work.stop();
    at.session.forget();
    at.steps = null;
    clearSheet(at, shell);
    shell.status.say("Sam has heard nothing yet.");
    refresh();
  };
  /** Work of the surgeon: whatever Sam was writing waits, and goes on where it was. */
  const operate = (steps) => {
    work.stop();
    work.run(steps, (why, error) => {
      if (why !== "done") steps.return();
      if (why === "failed") shell.status.say(error.message, true);
      refresh();
    });
    refresh();
  };
  return { begin, goOn, say, forget, operate };
}

/** Keys of the frame: they move through time and through neurons. */
function keysOfWriter({ at, work, does, redraw }) {
  const column = (to) => {
    at.cursor = clamp(to, at.past.first(), at.past.count() - 1);
    if (at.cursor === at.past.count() - 1) at.cursor = null;
    redraw();
  };
  const now = () => at.cursor ?? at.past.count() - 1;
  const neuron = (d) => does.pick(at.layer, clamp(at.neuron + d, 0, at.past.populations[at.layer].neurons - 1));
  const layer = (d) => {
    const l = clamp(at.layer + d, 0, at.past.populations.length - 1);
    does.pick(l, Math.min(at.neuron, at.past.populations[l].neurons - 1));
  };
  const keys = {
    " ": does.toggle,
    ArrowRight: () => (at.cursor === null ? does.step() : column(now() + 1)), ArrowLeft: () => column(now() - 1),
    Home: () => column(at.past.first()), End: () => column(at.past.count() - 1),
    ArrowDown: () => neuron(1), ArrowUp: () => neuron(-1), PageDown: () => layer(1), PageUp: () => layer(-1),
  };
  return (event) => {
    if (!keys[event.key] || !at.past) return false;
    if (event.key !== " " && event.target.closest(".rs-sheet")) return false; // there they scroll
    if (event.key !== " " && work.running() && /^(ArrowLeft|Home|End)$/.test(event.key)) work.stop();
    keys[event.key]();
    return true;
  };
}

/** A pointer over the raster follows the neuron under it; a click chooses it. */
function pointAt(canvas, at, does, redraw) {
  const under = (event) => (at.past && at.box ? underPointer(at.past, at.box, event, canvas) : null);
  canvas.addEventListener("pointermove", (event) => {
    at.hover = event.pointerType === "touch" ? null : under(event);
    redraw();
  });
  canvas.addEventListener("pointerleave", () => {
    at.hover = null;
    redraw();
  });
  canvas.addEventListener("click", (event) => {
    const found = under(event);
    if (found === null) return;
    if (found.column !== null) at.cursor = found.column;
    does.pick(found.layer, found.neuron);
  });
}

/** What is there once there is a brain, live or recorded: neuron, meter, surgery. */
function moveIn({ model, at, shell, does, work, redraw, sam }) {
  const { populations } = sam;
  Object.assign(at, { sam, past: pastOf(populations), session: null, steps: null, held: () => NOBODY, meter: null });
  at.picker = neuronPart(populations, does.pick);
  shell.neuron.replaceChildren(at.picker.el);
  shell.stress.el.hidden = !sam.feels;
  shell.energy.replaceChildren();
  shell.surgery.replaceChildren();
  if (sam.recorded) return;
  const surgery = surgeryPart({
    sam, chosen: () => [at.layer, at.neuron], prompt: () => model.get("prompt"), options: () => at.session.options(model.get("seed")),
    work: does.operate, quiet: () => work.doing(at.steps) || work.stop(), changed: redraw,
  });
  at.meter = energyMeter(sam.sizes);
  shell.energy.replaceChildren(at.meter.el);
  at.held = surgery.knife.held;
  at.surgery = surgery;
  shell.surgery.replaceChildren(surgery.el);
  const { parameters, val_nats_per_token: nats } = sam.card;
  const neurons = at.past.total.toLocaleString("en");
  shell.who.textContent = [`Sam ${sam.name.toUpperCase()}`, parameters && `${millions(parameters)} weights`, `${neurons} neurons`, nats && `${nats.toFixed(2)} nats per token`].filter(Boolean).join(" · ");
}

/** Fetch the weights; until they are there, or for good if they never come, the recording plays. */
async function fetchSam({ model, shell, ready, recorded, signal }) {
  const tape = model.get("recording") ? () => recorded(recordedSam(model.get("recording"))) : () => {};
  const instead = model.get("recording") ? " What plays here is a recording." : "";
  shell.status.say("Sam's weights are on their way.");
  const slow = setTimeout(() => {
    shell.status.missing(`Sam's weights take their time.${instead}`);
    tape();
  }, PATIENCE);
  const arrived = (size, of) => shell.status.progress(of ? size / of : 0, `${megabytes(size)}${of ? ` of ${megabytes(of)}` : ""} MB`);
  try {
    const bytes = await weightsOf(model.get("name"), model, arrived, signal);
    if (signal.aborted) return;
    const sam = loadSam(bytes);
    const commit = model.get("commit");
    if (commit !== null && (sam.card.commit ?? "") !== commit) throw new Error("The weights beside this page are those of another Sam.");
    shell.status.missing("");
    ready(sam);
    model.get("settled")?.(true);
  } catch (error) {
    if (signal.aborted) return;
    shell.status.say("");
    shell.status.missing(`${error.message}${instead}`);
    tape();
    model.get("settled")?.(false);
  } finally {
    clearTimeout(slow);
    shell.status.progress(null);
  }
}

function renderWriter({ model, el }) {
  const at = {
    sam: null, past: null, session: null, steps: null, cursor: null, hover: null, written: "", touched: false, inSight: true,
    chat: () => model.get("mode") === "chat",
    pace: () => model.get("speed") || (at.sam?.tokenizer?.kind === "characters" ? 40 : 12),
    get layer() {
      return clamp(model.get("layer"), 0, at.past.populations.length - 1);
    },
    get neuron() {
      return clamp(model.get("neuron"), 0, at.past.populations[at.layer].neurons - 1);
    },
  };
  let shown; // set below, once there is something to show
  const redraw = () => shown?.redraw();
  const work = runner({ speed: () => (at.inSight ? at.pace() : 0), drawn: redraw });
  const busy = () => work.running();
  const does = actions({ model, at, work, redraw, act: () => act });
  const shell = shellOf(model, does);
  const told = listener({ at, shell });
  const refresh = () => {
    shell.bar.show({ on: busy() && work.doing(at.steps), chat: at.chat(), ready: at.past !== null, more: at.steps !== null });
    shell.ask.enable(at.session !== null);
    shell.sheet.writing(busy());
    shell.bar.pace.select.value = String(at.pace());
    at.picker?.show(at.layer, at.neuron);
    at.surgery?.show();
    redraw();
  };
  const act = { ...conductor({ model, at, shell, work, refresh, told }), refresh, told, shell };
  const root = frame(`Sam writes. Keys: ${HELP}`, "sam-writer", keysOfWriter({ at, work, does, redraw }));
  root.classList.add("rs-sam");
  if (model.get("compact")) root.dataset.compact = "";
  layOut(root, shell, model.get("compact"));
  for (const kind of ["pointerdown", "keydown"]) root.addEventListener(kind, () => (at.touched = true));
  pointAt(shell.raster, at, does, redraw);
  shown = mount(el, root, painter({ model, at, shell, running: busy, again: redraw }));
  const stop = settle({ model, at, shell, work, does, act, root });
  return () => (stop(), work.stop(), shown.stop());
}

/** What the reader can do, by button, key or pointer. */
function actions({ model, at, work, redraw, act }) {
  const ready = (f) => (...args) => at.past && f(...args);
  const another = (seed) => {
    save(model, "seed", seed);
    act().begin();
  };
  return {
    toggle: ready(() => (work.running() ? work.stop() : act().goOn())),
    step: ready(() => act().goOn((cost) => cost === 1)),
    again: ready(() => act().begin()),
    another: ready(() => another(model.get("seed") + 1)),
    forget: ready(() => {
      work.stop();
      act().forget();
    }),
    send(text) {
      if (!at.session) return;
      if (at.chat()) return act().say(text);
      save(model, "prompt", text);
      act().begin();
    },
    mode: (mode) => save(model, "mode", mode),
    lookAt: ready((column) => {
      if (work.running() || column < at.past.first()) return;
      at.cursor = column;
      redraw();
    }),
    pick(layer, neuron) {
      save(model, "layer", layer);
      save(model, "neuron", neuron);
    },
    operate: (steps) => act().operate(steps),
    speed: () => at.pace(),
  };
}

/** Connect traits and the window; fetch Sam; returns the clean-up. */
function settle({ model, at, shell, work, does, act, root }) {
  const leaving = new AbortController();
  const redraw = act.refresh;
  const enter = (sam) => {
    work.stop();
    moveIn({ model, at, shell, does, work, redraw, sam });
    clearSheet(at, shell);
    shell.drawing.show();
  };
  const ready = (sam) => {
    enter(sam);
    at.session = sessionOf(sam, at.past, model, act.told);
    sam.held = sam.feels ? model.get("stress") : null;
    if (at.chat() && sam.tokenizer.end === null) save(model, "mode", "write");
    shell.status.say("");
    changedMode();
  };
  const opened = () => {
    const play = model.get("autoplay") && !calm();
    act.begin(play ? undefined : (cost) => cost === READY);
  };
  const recorded = (tape) => {
    enter(tape);
    shell.chat.disabled = true;
    opened();
  };
  const changedMode = () => {
    const speaks = !at.session || at.sam.tokenizer.end !== null;
    shell.chat.disabled = !speaks;
    shell.chat.title = speaks ? "" : SPEECHLESS;
    if (at.chat() && !speaks) return save(model, "mode", "write");
    arrange(root, shell, at.chat());
    if (!at.session) return act.refresh();
    if (at.chat()) act.forget();
    else opened();
  };
  /** Python, or whoever mounted the view, gave another beginning. */
  const changedPrompt = () => {
    if (at.chat() || shell.ask.area.value === model.get("prompt")) return;
    shell.ask.show();
    if (at.session) opened();
  };
  const settings = () => {
    shell.drawing.show();
    if (at.session && at.sam.feels) at.sam.held = model.get("stress");
    if (at.sam?.feels) shell.stress.show(at.sam.stress);
  };
  arrange(root, shell, at.chat());
  shell.stress.el.hidden = true;
  act.refresh();
  const sight = new IntersectionObserver(([seen]) => (at.inSight = seen.isIntersecting));
  sight.observe(root);
  const deaf = [listen(model, ["mode"], changedMode), listen(model, ["prompt"], changedPrompt), listen(model, ["layer", "neuron", "speed"], act.refresh), listen(model, ["temperature", "top_k", "top_p", "repetition_penalty", "seed", "stress"], settings)];
  fetchSam({ model, shell, ready, recorded, signal: leaving.signal });
  return () => (leaving.abort(), sight.disconnect(), deaf.forEach((stop) => stop()));
}

/** The same view without a notebook: `options` are the widget's traits; `settled(came)` is told once. */
function mountSam(el, options = {}) {
  const [values, heard] = [{ ...DEFAULTS, ...options }, {}];
  const model = {
    get: (name) => values[name],
    set(name, value) {
      values[name] = value;
      for (const f of heard[`change:${name}`] ?? []) f();
    },
    save_changes() {},
    on: (event, f) => (heard[event] ??= new Set()).add(f),
    off: (event, f) => heard[event]?.delete(f),
  };
  return { model, stop: renderWriter({ model, el }) };
}

export { encoded, loadSam, mountSam, pastOf, recordedSam, renderWriter, runner, sessionOf };
export default { render: renderWriter };
