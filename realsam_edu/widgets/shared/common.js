// Shared by all widgets: put in front of each by base.py.

const clamp = (x, lo, hi) => Math.min(hi, Math.max(lo, x));

/** Make an element; `on*` attributes are listeners, `null` attributes are left out. */
function h(tag, attrs = {}, ...children) {
  const el = document.createElement(tag);
  for (const [key, value] of Object.entries(attrs)) {
    if (value == null || value === false) continue;
    if (key.startsWith("on")) el.addEventListener(key.slice(2), value);
    else el.setAttribute(key, value === true ? "" : value);
  }
  el.append(...children.filter((c) => c != null));
  return el;
}

/** Bytes arrive as a DataView (Lab, Colab, static page); other views are accepted too. */
function toBytes(value) {
  if (!value) return new Uint8Array(0);
  if (value.buffer) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  return new Uint8Array(value);
}

/** Float32 values, copied so that they are aligned. */
const toFloats = (value) => new Float32Array(toBytes(value).slice().buffer);

/** The first `n` bits, lowest bit of each byte first (numpy.packbits(..., bitorder="little")). */
function unpackBits(value, n) {
  const bytes = toBytes(value);
  const out = new Uint8Array(n);
  for (let i = 0; i < n; i++) out[i] = (bytes[i >> 3] >> (i & 7)) & 1;
  return out;
}

/** Dark or light, as the page says (book, JupyterLab, Colab, VS Code), else as the system says. */
function pageTheme() {
  const html = document.documentElement;
  const body = document.body;
  const lab = body.dataset.jpThemeLight ?? html.dataset.jpThemeLight;
  const named = html.dataset.theme ?? html.getAttribute("theme");
  if (lab) return lab === "true" ? "light" : "dark";
  if (named === "dark" || named === "light") return named;
  if (/vscode-(dark|high-contrast)/.test(body.className)) return "dark";
  if (/vscode-light/.test(body.className)) return "light";
  return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

/** Call `changed` now and whenever the page's theme changes; returns the way to stop. */
function watchTheme(changed) {
  const media = matchMedia("(prefers-color-scheme: dark)");
  const observer = new MutationObserver(changed);
  const attributeFilter = ["data-theme", "theme", "class", "data-jp-theme-light"];
  for (const node of [document.documentElement, document.body])
    observer.observe(node, { attributes: true, attributeFilter });
  media.addEventListener("change", changed);
  changed();
  return () => {
    observer.disconnect();
    media.removeEventListener("change", changed);
  };
}

/** Put `root` into `el` and keep it drawn: on resize, on a change of theme, on demand. */
function mount(el, root, draw) {
  let frame = 0;
  let colors = {};
  // JupyterLab hides the page for a moment while it changes its theme: then try again
  const redraw = (tries = 5) => {
    frame = frame || requestAnimationFrame(() => {
      frame = 0;
      if (root.clientWidth) draw(colors);
      else if (tries > 0) redraw(tries - 1);
    });
  };
  el.append(root);
  const stopTheme = watchTheme(() => {
    const theme = pageTheme();
    if (root.dataset.rsTheme === theme) return;
    root.dataset.rsTheme = theme;
    const style = getComputedStyle(root);
    colors = new Proxy({}, { get: (seen, role) => (seen[role] ??= style.getPropertyValue(`--rs-${role}`).trim()) });
    redraw();
  });
  const sizes = new ResizeObserver(() => redraw());
  sizes.observe(root);
  const stop = () => {
    cancelAnimationFrame(frame);
    stopTheme();
    sizes.disconnect();
  };
  return { redraw, stop };
}

/** The widget's focusable frame. Keys it handles go no further (JupyterLab, page turning). */
function frame(label, testid, onKey) {
  const root = h("div", {
    class: "rs-widget", role: "group", tabindex: "0", "aria-label": label,
    "data-testid": testid, "data-lm-suppress-shortcuts": "true",
  });
  root.addEventListener("keydown", (event) => {
    const tag = event.target.tagName;
    const typing = tag === "INPUT" || tag === "SELECT" || tag === "TEXTAREA";
    const pressing = /^(BUTTON|SUMMARY)$/.test(tag) && (event.key === " " || event.key === "Enter");
    const modified = event.ctrlKey || event.metaKey || event.altKey;
    if (!typing && !pressing && !modified && onKey(event)) event.preventDefault();
    if (event.key !== "Tab" && event.key !== "Escape" && !modified) event.stopPropagation();
  });
  return root;
}

/** A canvas of `height` CSS pixels, as sharp as the screen; returns its context and width. */
function fit(canvas, height) {
  const width = canvas.clientWidth || 320;
  const scale = Math.max(1, window.devicePixelRatio || 1);
  const [w, hh] = [Math.round(width * scale), Math.round(height * scale)];
  if (canvas.width !== w || canvas.height !== hh) {
    canvas.width = w;
    canvas.height = hh;
    canvas.style.height = `${height}px`;
  }
  const ctx = canvas.getContext("2d");
  ctx.setTransform(scale, 0, 0, scale, 0, 0);
  ctx.clearRect(0, 0, width, height);
  ctx.font = `12px ${getComputedStyle(canvas).fontFamily}`;
  ctx.textBaseline = "middle";
  return { ctx, width, scale };
}

/** A stroked line through [x, y] points. */
function polyline(ctx, points, color, width = 2, dash = []) {
  ctx.save();
  Object.assign(ctx, { strokeStyle: color, lineWidth: width, lineJoin: "round", lineCap: dash.length ? "butt" : "round" });
  ctx.setLineDash(dash);
  ctx.beginPath();
  points.forEach(([x, y], i) => (i ? ctx.lineTo(x, y) : ctx.moveTo(x, y)));
  ctx.stroke();
  ctx.restore();
}

function dot(ctx, x, y, r, fill, edge) {
  ctx.beginPath();
  ctx.arc(x, y, r, 0, 2 * Math.PI);
  ctx.fillStyle = fill;
  ctx.fill();
  if (edge) Object.assign(ctx, { strokeStyle: edge, lineWidth: 1.5 });
  if (edge) ctx.stroke();
}

function label(ctx, text, x, y, color, align = "left", halo = null) {
  Object.assign(ctx, { fillStyle: color, textAlign: align });
  if (halo) Object.assign(ctx, { strokeStyle: halo, lineWidth: 4, lineJoin: "round" });
  if (halo) ctx.strokeText(text, x, y);
  ctx.fillText(text, x, y);
}

/** The area between points and a base line, filled. */
function area(ctx, points, base, color, alpha) {
  ctx.save();
  Object.assign(ctx, { fillStyle: color, globalAlpha: alpha });
  ctx.beginPath();
  ctx.moveTo(points[0][0], base);
  points.forEach(([x, y]) => ctx.lineTo(x, y));
  ctx.lineTo(points.at(-1)[0], base);
  ctx.closePath();
  ctx.fill();
  ctx.restore();
}

/** Set a trait; with no kernel behind the page the change stays in the page. */
function save(model, name, value) {
  if (model.get(name) === value) return;
  model.set(name, value);
  try {
    model.save_changes();
  } catch {
    // static page
  }
}

/** Listen to traits until `stop` is called. */
function listen(model, names, changed) {
  for (const name of names) model.on(`change:${name}`, changed);
  return () => names.forEach((name) => model.off(`change:${name}`, changed));
}

let serial = 0;
const uid = (prefix) => `rs-${prefix}-${++serial}-${Math.random().toString(36).slice(2, 7)}`;

/** A labelled range input with its value in words beside the label. */
function slider({ name, min, max, step, value, say = String, testid, oninput }) {
  const id = uid("range");
  const out = h("output", { for: id, class: "rs-value" });
  const input = h("input", { id, type: "range", min, max, step, "data-testid": testid });
  const show = (v) => {
    input.value = v;
    out.textContent = say(+v);
    input.setAttribute("aria-valuetext", say(+v));
  };
  input.addEventListener("input", () => {
    out.textContent = say(+input.value);
    input.setAttribute("aria-valuetext", say(+input.value));
    oninput(+input.value);
  });
  show(value);
  const el = h("div", { class: "rs-slider" }, h("label", { for: id }, name), out, input);
  return { el, input, show };
}

/** A labelled <select> of [value, words] pairs. */
function choice({ name, options, value, testid, onchange }) {
  const id = uid("choice");
  const items = options.map(([v, words]) => h("option", { value: v, selected: v === value }, words));
  const select = h("select", { id, "data-testid": testid }, ...items);
  select.addEventListener("change", () => onchange(select.value));
  const el = h("div", { class: "rs-choice" }, h("label", { for: id }, name), select);
  return { el, select };
}

const percent = (x, digits = 1) => `${(100 * x).toFixed(digits)}\u00a0%`;
const signed = (x, digits = 2) => x.toFixed(digits).replace("-", "\u2212");

/** Small seeded generator of uniform numbers (32 bits of state). */
function uniform(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return ((z ^ (z >>> 16)) >>> 0) / 2 ** 32;
  };
}
