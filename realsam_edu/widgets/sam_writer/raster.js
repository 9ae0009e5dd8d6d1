// The raster that moves: one column per token, a band per layer, the newest column at the right.

const GUTTER = { left: 34, right: 46, top: 24 };
const HOT = 4; // columns that still glow

/** Where things lie on a canvas of `width` CSS pixels; columns have whole device pixels. */
function tapeBox(populations, width, scale, tall) {
  const layers = populations.length;
  const gap = 9;
  const band = clamp(Math.round(tall / layers) - gap, 40, 200);
  const column = Math.round((width < 420 ? 5 : 6) * scale) / scale;
  const right = width - GUTTER.right;
  return {
    band, gap, column, left: GUTTER.left, right, scale, width,
    room: Math.min(KEPT, Math.floor((right - GUTTER.left) / column)),
    height: GUTTER.top + layers * (band + gap),
    top: (l) => GUTTER.top + l * (band + gap),
    row: (l, n) => ((n + 0.5) * band) / populations[l].neurons,
  };
}

/** The x of column `c` when `newest` is the last one. */
const columnX = (box, c, newest) => box.right - (newest - c + 1) * box.column;

/** Marks of one column: a spike is a small upright stroke, never less than a pixel. */
function paintColumn(ctx, past, box, c, x, ink, thick = 0) {
  const wide = Math.max(box.column - 1.5, 1);
  past.populations.forEach(({ neurons }, l) => {
    const spk = past.fired(c, l);
    const tall = Math.max((box.band / neurons) * 0.9, 1 / box.scale, 0.75) + thick;
    ctx.fillStyle = ink(l);
    const top = box.top(l);
    for (let n = 0; n < neurons; n++) if (spk[n]) ctx.fillRect(x, top + box.row(l, n) - tall / 2, wide, tall);
  });
}

/** An endless tape beside the screen: it is pushed to the left, and only new columns are painted. */
function spikeTape() {
  const sheet = document.createElement("canvas");
  let [key, upTo] = ["", 0];
  const paint = (past, box, colors, newest) => {
    const now = [past.name(), box.width, box.height, box.scale, colors.paper].join();
    const ctx = sheet.getContext("2d");
    let from = upTo;
    if (key !== now || newest < upTo - 1 || newest - upTo >= box.room || past.first() > upTo) {
      sheet.width = Math.round(box.width * box.scale);
      sheet.height = Math.round(box.height * box.scale);
      from = Math.max(past.first(), newest - box.room); // one more, cut by the edge
      key = now;
    } else if (newest >= upTo) {
      ctx.setTransform(1, 0, 0, 1, 0, 0);
      ctx.globalAlpha = 1;
      ctx.globalCompositeOperation = "copy";
      ctx.drawImage(sheet, -Math.round((newest + 1 - upTo) * box.column * box.scale), 0);
    }
    ctx.setTransform(box.scale, 0, 0, box.scale, 0, 0);
    ctx.globalCompositeOperation = "source-over";
    ctx.globalAlpha = 0.55; // neurons lie closer than pixels: where many fire it gets darker
    for (let c = from; c <= newest; c++)
      paintColumn(ctx, past, box, c, columnX(box, c, newest), (l) => colors[`layer${(l % 6) + 1}`]);
    upTo = newest + 1;
    return sheet;
  };
  return { paint };
}

function drawBands(ctx, colors, past, box) {
  past.populations.forEach((population, l) => {
    const top = box.top(l);
    ctx.fillStyle = colors.panel;
    ctx.globalAlpha = 0.55;
    ctx.fillRect(box.left, top, box.right - box.left, box.band);
    ctx.globalAlpha = 1;
    ctx.fillStyle = colors[`layer${(l % 6) + 1}`];
    ctx.fillRect(box.left - 5, top, 2.5, box.band);
    ctx.save();
    ctx.translate(8, top + box.band / 2);
    ctx.rotate(-Math.PI / 2);
    label(ctx, population.name, 0, 0, colors.ink, "center");
    ctx.restore();
  });
}

function drawHeld(ctx, colors, past, box, held) {
  past.populations.forEach((_, l) => {
    const value = held.get(`${l}:all`);
    if (value !== undefined) label(ctx, value ? "held firing" : "silenced", box.left + 8, box.top(l) + 11, colors.ink, "left", colors.paper);
  });
}

/** The newest columns glow before they cool down to the colour of their layer. */
function drawGlow(ctx, colors, past, box, newest) {
  for (let c = Math.max(past.first(), newest - HOT + 1); c <= newest; c++) {
    ctx.globalAlpha = (0.9 * (HOT - newest + c)) / HOT;
    paintColumn(ctx, past, box, c, columnX(box, c, newest), () => colors.ink, c === newest ? 0.5 : 0);
  }
  ctx.globalAlpha = 1;
}

/** What is long ago is paler. */
function drawVeil(ctx, colors, box) {
  const veil = ctx.createLinearGradient(box.left, 0, box.right, 0);
  veil.addColorStop(0, colors.paper);
  veil.addColorStop(0.75, `${colors.paper}00`);
  ctx.save();
  ctx.globalAlpha = 0.72;
  ctx.fillStyle = veil;
  ctx.fillRect(box.left, GUTTER.top, box.right - box.left, box.height - GUTTER.top);
  ctx.restore();
}

function drawRates(ctx, colors, past, box, at) {
  past.about(at).rates.forEach((rate, l) =>
    label(ctx, percent(rate, 0), box.width, box.top(l) + box.band / 2, colors.muted, "right"));
}

/** The chosen neuron: a line through its band, and its spikes large enough to be counted. */
function drawChosen(ctx, colors, past, box, { layer, neuron, column }, newest) {
  const y = box.top(layer) + box.row(layer, neuron);
  ctx.fillStyle = colors.paper;
  ctx.globalAlpha = 0.72;
  ctx.fillRect(box.left, y - 4, box.right - box.left, 8);
  ctx.globalAlpha = 1;
  polyline(ctx, [[box.left, y], [box.right, y]], colors.muted, 0.6);
  ctx.fillStyle = colors.spike;
  for (let c = Math.max(past.first(), newest - box.room + 1); c <= newest; c++)
    if (past.fired(c, layer)[neuron]) ctx.fillRect(columnX(box, c, newest), y - 3, Math.max(box.column - 1.5, 1.4), 6);
  ctx.beginPath();
  [[box.left - 6, y], [box.left - 14, y - 5], [box.left - 14, y + 5]].forEach(([px, py], i) => (i ? ctx.lineTo(px, py) : ctx.moveTo(px, py)));
  ctx.fill();
  const x = columnX(box, column, newest) + box.column / 2 - 0.75;
  polyline(ctx, [[x, GUTTER.top - 6], [x, box.height - box.gap]], colors.ink, column === newest ? 0.8 : 1.4, column === newest ? [2, 3] : []);
}

/** The whole picture; `slide` is how far the newest column has still to come in. */
function drawTape(canvas, tape, colors, past, look, tall, slide) {
  const box = tapeBox(past.populations, canvas.clientWidth || 320, Math.max(1, window.devicePixelRatio || 1), tall);
  const { ctx } = fit(canvas, box.height);
  drawBands(ctx, colors, past, box);
  const newest = past.count() - 1;
  if (newest < 0) {
    label(ctx, "nothing read yet", (box.left + box.right) / 2, box.top(0) + box.band / 2, colors.muted, "center");
    return box;
  }
  const sheet = tape.paint(past, box, colors, newest);
  ctx.save();
  ctx.beginPath();
  ctx.rect(box.left - 15, 0, box.right - box.left + 15, box.height);
  ctx.clip();
  ctx.translate(slide, 0);
  ctx.drawImage(sheet, box.left * box.scale, 0, (box.right - box.left) * box.scale, sheet.height, box.left, 0, box.right - box.left, box.height);
  drawGlow(ctx, colors, past, box, newest);
  ctx.restore();
  drawVeil(ctx, colors, box);
  drawHeld(ctx, colors, past, box, look.held);
  drawChosen(ctx, colors, past, box, look, newest);
  drawRates(ctx, colors, past, box, look.column);
  const { text } = past.about(look.column);
  const said = /[\p{L}\p{N}]/u.test(text) ? text.trim().slice(0, 24) : spoken(text);
  const x = columnX(box, look.column, newest) + box.column / 2;
  const half = ctx.measureText(said).width / 2;
  label(ctx, said, clamp(x, box.left + half, box.width - half), 8, colors.ink, "center");
  return box;
}

/** What lies under the pointer: the column, the layer, and a neuron that fired near it, if one did. */
function underPointer(past, box, event, canvas) {
  const { left, top } = canvas.getBoundingClientRect();
  const newest = past.count() - 1;
  const c = newest - Math.floor((box.right - (event.clientX - left)) / box.column);
  const y = event.clientY - top;
  const l = clamp(Math.floor((y - GUTTER.top) / (box.band + box.gap)), 0, past.populations.length - 1);
  const { neurons } = past.populations[l];
  const n = clamp(Math.floor(((y - box.top(l)) / box.band) * neurons), 0, neurons - 1);
  if (c < past.first() || c > newest) return { layer: l, neuron: n, column: null };
  const spk = past.fired(c, l);
  const reach = Math.ceil((3 * neurons) / box.band);
  for (let d = 0; d <= reach; d++)
    for (const near of [n - d, n + d]) if (spk[near]) return { layer: l, neuron: near, column: c };
  return { layer: l, neuron: n, column: c };
}

// ---------------------------------------------------------------- under the raster, column by column

/** How many fired at each step, with the band that Sam aims at, and V4's stress. */
function drawRateStrip(canvas, colors, past, box, column, stressed) {
  const height = 64;
  const { ctx } = fit(canvas, height);
  const newest = past.count() - 1;
  const [top, base] = [22, height - 6];
  const about = newest < 0 ? null : past.about(column);
  const title = about === null ? "firing rate" : `firing rate ${percent(about.rate)}`;
  label(ctx, title, 2, 8, colors.ink);
  if (about === null) return title;
  const seen = Array.from({ length: Math.min(box.room, past.count() - past.first()) }, (_, i) => newest - i);
  const high = Math.max(0.16, ...seen.map((c) => past.about(c).rate)) * 1.08;
  const y = (v) => base - (v / high) * (base - top);
  shade(ctx, colors, box.left, box.right, y, BAND, colors.target);
  const x = (c) => columnX(box, c, newest) + box.column / 2;
  const says = [title];
  if (stressed) {
    const words = `stress ${about.stress.toFixed(2)}`;
    says.push(words);
    label(ctx, `- - ${words}`, 2 + ctx.measureText(title).width + 18, 8, colors.muted);
    polyline(ctx, seen.map((c) => [x(c), base - past.about(c).stress * (base - top)]), colors.stress, 1.8, [5, 4]);
  }
  polyline(ctx, seen.map((c) => [x(c), y(past.about(c).rate)]), colors.ink, 1.5);
  dot(ctx, x(column), y(about.rate), 3.5, colors.spike, colors.paper);
  label(ctx, "8–12 %", box.width, y(0.1), colors.muted, "right");
  return says.join(", ");
}

/** The membrane of the chosen neuron against its threshold. */
function drawTrace(canvas, colors, past, box, { layer, neuron, column }, thr) {
  const height = 132;
  const { ctx } = fit(canvas, height);
  const newest = past.count() - 1;
  const name = `neuron ${neuron}, ${past.populations[layer].name}`;
  label(ctx, newest < 0 ? `membrane of ${name}` : "", 2, 8, colors.ink);
  if (newest < 0) return `Membrane of ${name}: nothing read yet.`;
  const from = Math.max(past.first(), newest - box.room + 1);
  const U = (c) => past.membrane(c, layer, neuron);
  const spiked = (c) => past.fired(c, layer)[neuron] === 1;
  let [low, high] = [Math.min(0, thr), Math.max(0, thr)];
  for (let c = from; c <= newest; c++) [low, high] = [Math.min(low, U(c)), Math.max(high, U(c))];
  const spread = Math.max(high - low, 1e-6);
  const [top, base] = [28, height - 10];
  const y = (u) => base - ((u - low + 0.06 * spread) / (1.12 * spread)) * (base - top);
  const x = (c) => columnX(box, c, newest) + box.column / 2;
  polyline(ctx, [[box.left, y(thr)], [box.right, y(thr)]], colors.threshold, 1.4, [6, 4]);
  label(ctx, `θ ${thr.toFixed(2)}`, box.width, y(thr), colors.ink, "right");
  polyline(ctx, [[x(column), top - 6], [x(column), base]], colors.grid, 2);
  const points = Array.from({ length: newest - from + 1 }, (_, i) => [x(from + i), y(U(from + i))]);
  polyline(ctx, points, colors.membrane, 1.6);
  points.forEach(([px, py], i) => spiked(from + i) && dot(ctx, px, py, 2.8, colors.spike));
  dot(ctx, x(column), y(U(column)), 4.5, spiked(column) ? colors.spike : colors.membrane, colors.paper);
  const { held } = past.about(column);
  const operated = held.get(`${layer}:${neuron}`) ?? held.get(`${layer}:all`);
  const verdict = operated === 1 ? "held firing" : operated === 0 ? "silenced" : spiked(column) ? "above θ: fired" : "not above θ: silent";
  label(ctx, `${box.width < 420 ? `neuron ${neuron}` : name}: U = ${signed(U(column))}, ${verdict}`, 2, 8, colors.ink);
  return `Membrane of ${name}: ${U(column).toFixed(2)}, ${verdict}; threshold ${thr.toFixed(2)}.`;
}
