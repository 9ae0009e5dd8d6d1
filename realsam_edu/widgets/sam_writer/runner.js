// Work that never holds the page up: generators, a few milliseconds of every frame.

const BUDGET = 12; // milliseconds of work per frame
const MOST = 256; // steps per frame, whatever the clock says

/**
 * Runs one generator at a time. A step yields what it costs: 1 is paced by `speed()` steps a second,
 * 0 is as fast as the page allows. A job that is stopped can be run again and goes on.
 */
function runner({ speed, drawn }) {
  let job = null;
  let [frameId, before, granted] = [0, 0, 0];
  const leave = (why, error = null) => {
    const { left } = job;
    job = null;
    cancelAnimationFrame(frameId);
    drawn();
    left(why, error);
  };
  const step = () => {
    const { done, value } = job.steps.next();
    if (done) return leave("done");
    granted -= value;
    if (job.enough(value)) leave("stopped");
  };
  const tick = (now) => {
    frameId = requestAnimationFrame(tick);
    granted = Math.min(granted + (speed() * (now - before)) / 1000, Math.max(1, speed() / 4));
    before = now;
    const late = performance.now() + BUDGET;
    let n = 0;
    try {
      for (; job && granted > 0 && n < MOST && (n === 0 || performance.now() < late); n++) step();
    } catch (error) {
      if (!job) throw error;
      leave("failed", error);
    }
    if (job && n) drawn();
  };
  /** Run `steps` until a yield is `enough`; `left(why, error)` is told "done", "stopped" or "failed". */
  const run = (steps, left, enough = () => false) => {
    if (job) leave("stopped");
    job = { steps, left, enough };
    [before, granted] = [performance.now(), 1];
    frameId = requestAnimationFrame(tick);
  };
  return { run, stop: () => job && leave("stopped"), running: () => job !== null, doing: (steps) => job?.steps === steps };
}
