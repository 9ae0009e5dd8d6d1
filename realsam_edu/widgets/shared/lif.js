// LIF neurons, Eq. 1 and 2 of the book, computed in the page, and their raster.

const f32 = Math.fround;

/**
 * One step of all neurons: U = beta U + I - thr S, S = U > thr. `mem` is moved on, spikes go to `spk`.
 * Each operation is rounded to float32 in the order of realsam_edu.neurons.lif_step: the same spikes.
 */
function lifStep(mem, spk, input, beta, thr) {
  for (let i = 0; i < mem.length; i++) {
    const reset = mem[i] > thr[i] ? thr[i] : 0;
    mem[i] = f32(f32(f32(beta[i] * mem[i]) + input[i]) - reset);
    spk[i] = mem[i] > thr[i] ? 1 : 0;
  }
}

/** Spikes as marks, one row per neuron in the given order; returns the height of a row. */
function drawSpikeRows(ctx, colors, { left, right, top, base }, steps, order, firedAt, color) {
  const [column, row] = [(right - left) / steps, (base - top) / order.length];
  ctx.fillStyle = colors.panel;
  ctx.fillRect(left, top, right - left, base - top);
  ctx.fillStyle = color;
  const [w, hh] = [clamp(column * 0.8, 1, 4), Math.max(row * 0.82, 1.2)];
  order.forEach((n, r) => {
    for (let t = 0; t < steps; t++) if (firedAt(t, n)) ctx.fillRect(left + t * column, top + r * row, w, hh);
  });
  return row;
}
