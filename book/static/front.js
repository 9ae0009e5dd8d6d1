// The front page: the living Sam, the drawing that answers, the slider over a training run.

const whole = (n) => n.toLocaleString("en-US");

const SAMS = {
  v4: { prompt: "Once upon a time, there was a little dog. One day," },
  v1: { prompt: "ROMEO:\n" },
};
const PATIENCE = 900; // milliseconds until V1, which is small, writes while V4 is on its way

/** The living Sam in place of its recording: V4, and V1 while V4 is on its way. */
function stage(root) {
  if (!window.RealSam) return; // the recording stays
  const recording = JSON.parse(document.getElementById("recording").textContent);
  const buttons = [...root.querySelectorAll(".choose button")];
  const [views, came] = [{}, {}];
  let touched = false;
  const touch = () => (touched = true);
  const view = (name) => {
    if (views[name]) return;
    const el = (views[name] = document.createElement("div"));
    el.className = "live";
    for (const kind of ["pointerdown", "keydown"]) el.addEventListener(kind, touch);
    root.append(el);
    const settled = (here) => {
      came[name] = here;
      turn();
    };
    const tape = name === "v4" ? recording : null; // what is played if the weights cannot be had
    const common = { name, mode: "write", temperature: 0.7, autoplay: true, compact: true, recording: tape, settled };
    RealSam.mount(el, { ...common, ...SAMS[name] });
  };
  const show = (name) => {
    view(name);
    for (const [of, el] of Object.entries(views)) el.hidden = of !== name;
    for (const button of buttons) button.setAttribute("aria-pressed", button.value === name);
  };
  const turn = () => {
    if (touched) return;
    if (came.v4 !== undefined) show("v4");
    else if (came.v1) show("v1");
  };
  for (const button of buttons)
    button.addEventListener("click", () => {
      touch();
      show(button.value);
    });
  root.hidden = false;
  document.querySelector(".recording").hidden = true;
  show("v4");
  setTimeout(() => {
    if (came.v4 !== undefined || touched) return;
    view("v1");
    views.v1.hidden = true;
  }, PATIENCE);
}

/** The drawing: a part that is chosen shows its panel. Without this script the parts are links. */
function machine(root) {
  const links = [...root.querySelectorAll(".part")];
  const panels = [...root.querySelectorAll(".panel")];
  const wanted = (link) => link.getAttribute("href").slice(1); // SVG links have no `hash`
  const choose = (id) => {
    links.forEach((link) => (wanted(link) === id ? link.setAttribute("aria-current", "true") : link.removeAttribute("aria-current")));
    panels.forEach((panel) => (panel.hidden = panel.id !== id));
  };
  const named = () => panels.find((panel) => `#${panel.id}` === location.hash)?.id;
  for (const link of links)
    link.addEventListener("click", (event) => {
      event.preventDefault();
      choose(wanted(link));
      const panel = panels.find((p) => !p.hidden);
      const beside = panel.getBoundingClientRect().left > root.querySelector(".drawing").getBoundingClientRect().right - 1;
      if (!beside) panel.scrollIntoView({ block: "nearest" });
    });
  root.classList.add("works");
  choose(named() ?? "part-block");
  addEventListener("hashchange", () => named() && choose(named()));
}

/** The training run: the slider moves a line over the curve and says what Sam wrote there. */
function timeline(root) {
  const run = JSON.parse(root.querySelector("#run").textContent);
  const curves = [...root.querySelectorAll(".curve")];
  const [slider, when, said] = [".scrub input", ".when", ".said"].map((s) => root.querySelector(s));
  const last = run.at(-1).tokens;
  const show = () => {
    const at = run[+slider.value];
    for (const curve of curves) {
      const [left, right] = [+curve.dataset.left, +curve.dataset.right];
      const cursor = curve.querySelector(".cursor");
      const x = left + (at.tokens / last) * (right - left);
      cursor.setAttribute("transform", `translate(${x - right})`);
    }
    when.textContent =
      `After ${whole(at.tokens)} tokens, in the phase “${at.phase}”: loss ${at.val.toFixed(2)} on unseen text, ` +
      `perplexity ${Math.exp(at.val).toFixed(1)}, ${(100 * at.rate).toFixed(1)}% firing, stress ${at.stress.toFixed(2)}. Sam wrote:`;
    said.textContent = at.sample.trim();
    slider.setAttribute("aria-valuetext", `${whole(at.tokens)} tokens, ${at.phase}`);
  };
  slider.addEventListener("input", show);
  root.querySelector(".scrub").hidden = false;
  show();
}

stage(document.getElementById("sam"));
machine(document.getElementById("machine"));
timeline(document.getElementById("timeline"));
