// The front page: the living Sam, the drawing that answers, the slider over a training run.

const whole = (n) => n.toLocaleString("en-US");

/** The drawing: a part that is chosen shows its panel. Without this script the parts are links. */
function machine(root) {
  const links = [...root.querySelectorAll(".part")];
  const panels = [...root.querySelectorAll(".panel")];
  const choose = (id) => {
    links.forEach((link) => (link.hash === `#${id}` ? link.setAttribute("aria-current", "true") : link.removeAttribute("aria-current")));
    panels.forEach((panel) => (panel.hidden = panel.id !== id));
  };
  const named = () => panels.find((panel) => `#${panel.id}` === location.hash)?.id;
  const wanted = (link) => link.getAttribute("href").slice(1);
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
      `After ${whole(at.tokens)} tokens, in the phase of ${at.phase}: loss ${at.val.toFixed(2)} on unseen text, ` +
      `perplexity ${Math.exp(at.val).toFixed(1)}, ${(100 * at.rate).toFixed(1)}% firing, stress ${at.stress.toFixed(2)}. Sam wrote:`;
    said.textContent = at.sample.trim();
    slider.setAttribute("aria-valuetext", `${whole(at.tokens)} tokens, ${at.phase}`);
  };
  slider.addEventListener("input", show);
  root.querySelector(".scrub").hidden = false;
  show();
}

machine(document.getElementById("machine"));
timeline(document.getElementById("timeline"));
