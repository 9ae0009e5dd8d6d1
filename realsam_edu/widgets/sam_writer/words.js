// What is written, on a sheet and aloud.

const SPANS = 400; // tokens that can be pointed at
const BEFORE = 6000; // characters kept in sight in front of them

/** The sheet: text in tokens, as turns in a chat; old tokens become plain text, older ones go. */
function sheetPart(point) {
  const box = h("div", { class: "rs-sheet", "data-testid": "text", tabindex: "0", role: "region", "aria-label": "The text" });
  let [spans, turn] = [[], null];
  const byColumn = new Map();
  box.addEventListener("click", (event) => {
    const piece = event.target.closest(".rs-piece");
    if (piece) point(piece.column);
  });
  const spill = () => {
    for (const span of spans.splice(0, spans.length - SPANS)) {
      byColumn.delete(span.column);
      const past = span.parentElement.firstElementChild; // the turn's plain text
      past.textContent = (past.textContent + span.textContent).slice(-BEFORE);
      span.remove();
    }
    while (box.childElementCount > 60) box.firstElementChild.remove();
  };
  /** Begin a turn; `who` is shown above it, null shows nothing (plain writing). */
  const begin = (who, kind) => {
    turn = h("p", { class: "rs-flow" }, h("span", { class: "rs-past" }));
    box.append(h("div", { class: `rs-turn rs-turn-${kind}` }, who ? h("span", { class: "rs-who" }, who) : null, turn));
  };
  const add = ({ text, column, kind }) => {
    const [, space, word] = /^( *)([^]*)$/.exec(text);
    const span = h("span", { class: `rs-piece ${kind === "wrote" ? "rs-sams" : "rs-given"}` }, space, h("span", { class: "rs-word" }, word));
    span.column = column;
    byColumn.set(column, span);
    spans.push(span);
    turn.append(span);
    if (spans.length > SPANS + 100) spill();
  };
  let pinned = true; // to the end of the text, until the reader scrolls up
  box.addEventListener("scroll", () => (pinned = box.scrollHeight - box.scrollTop - box.clientHeight < 40));
  const follow = () => pinned && (box.scrollTop = box.scrollHeight);
  let marked = null;
  const mark = (column) => {
    if (marked?.column === column) return;
    marked?.classList.remove("rs-here");
    marked = byColumn.get(column) ?? null;
    marked?.classList.add("rs-here");
  };
  const clear = () => {
    box.replaceChildren();
    byColumn.clear();
    [spans, turn, marked, pinned] = [[], null, null, true];
  };
  return { el: box, begin, add, mark, follow, clear, writing: (on) => box.classList.toggle("rs-busy", on) };
}

/** Says what was written in sentences or groups of words, for those who listen. */
function aloud() {
  const el = h("p", { class: "rs-hidden", "aria-live": "polite", "data-testid": "aloud" });
  let [waiting, ripe] = ["", ""];
  const flush = () => {
    ripe += waiting;
    waiting = "";
  };
  /** What is ripe is said in one go, since a frame may write several sentences. */
  const speak = () => {
    if (ripe.trim()) el.textContent = ripe.trim();
    ripe = "";
  };
  const add = (text) => {
    const breaks = /^\s/.test(text) && waiting.split(/\s+/).length > 12;
    if (breaks) flush();
    waiting += text;
    if (/[.!?\n]["”]?\s*$/.test(waiting) && waiting.length > 24) flush();
  };
  return { el, add, flush, speak };
}
