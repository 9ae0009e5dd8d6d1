// Text to tokens and back, character for character as realsam_edu/text/tokenizer.py does it.

const LOST = "\ufffd"; // what an incomplete character shows as
const [OTHER, LETTER, NUMBER, SPACE] = [0, 1, 2, 3];
const CONTRACTION = /'(?:s|t|re|ve|m|ll|d)/y; // GPT-2's, small letters only

/** One token per character. */
class CharacterTokenizer {
  kind = "characters";
  end = null; // a text of this kind has no end
  stops = [];

  constructor({ chars }) {
    this.chars = Array.from(chars);
    this.ids = new Map(this.chars.map((char, id) => [char, id]));
  }

  encode(text) {
    const chars = Array.from(text);
    const unknown = [...new Set(chars)].filter((char) => !this.ids.has(char)).sort();
    if (unknown.length) {
      const shown = unknown.slice(0, 8).map((char) => JSON.stringify(char)).join(" ");
      const known = JSON.stringify(this.chars.join(""));
      throw new Error(
        `This model has never seen the character${unknown.length > 1 ? "s" : ""} ${shown}; ` +
          `its ${this.chars.length} characters are ${known}.`,
      );
    }
    return Int32Array.from(chars, (char) => this.ids.get(char));
  }

  decode(ids) {
    return Array.from(ids, (id) => this.chars[id]).join("");
  }

  /** A function that turns tokens into text as they come. */
  stream() {
    return (id) => this.chars[id];
  }
}

/**
 * Byte-level byte pair encoding. A text is cut before every space, the learnt merges are applied
 * within the pieces. What only looks like a special token is text: `encode` never makes one.
 */
class BytePairTokenizer {
  kind = "bpe";
  end = 0;
  user = 1;
  sam = 2;
  stops = [0, 1, 2]; // end of text, and the two turns

  constructor({ vocab, specials, bytes, letters, numbers, spaces }, merges) {
    this.byte = Int32Array.from(bytes); // (256,) the token of each byte
    this.rank = new Map(); // of a pair, as left · 65536 + right
    this.merged = new Int32Array(merges.length / 3); // token of each rank
    this.bytes = Array.from({ length: vocab }, () => []); // of each token
    specials.forEach((text, id) => (this.bytes[id] = [...new TextEncoder().encode(text)]));
    bytes.forEach((id, byte) => (this.bytes[id] = [byte]));
    for (let r = 0; r < this.merged.length; r++) {
      const [left, right, id] = merges.subarray(3 * r, 3 * r + 3);
      this.rank.set(left * 65536 + right, r);
      this.merged[r] = id;
      this.bytes[id] = this.bytes[left].concat(this.bytes[right]);
    }
    this.sort = new Uint8Array(0x110000); // of each code point
    for (const [kind, ranges] of [[LETTER, letters], [NUMBER, numbers], [SPACE, spaces]])
      for (let r = 0; r < ranges.length; r += 2) this.sort.fill(kind, ranges[r], ranges[r + 1] + 1);
  }

  encode(text) {
    if (/\p{Surrogate}/u.test(text))
      throw new Error("The text has half of a surrogate pair in it; write it as UTF-8 to repair it.");
    const [encoder, out] = [new TextEncoder(), []];
    for (let at = 0; at < text.length; ) {
      const to = this.pieceEnd(text, at);
      this.mergeInto(out, encoder.encode(text.slice(at, to)));
      at = to;
    }
    return Int32Array.from(out);
  }

  /** Where the piece that begins at `at` ends: GPT-2's pattern, by hand and in one pass. */
  pieceEnd(text, at) {
    CONTRACTION.lastIndex = at;
    if (CONTRACTION.test(text)) return CONTRACTION.lastIndex;
    const start = text[at] === " " ? at + 1 : at; // a space belongs to the word after it
    const kind = start < text.length ? this.sort[text.codePointAt(start)] : SPACE;
    let [to, last] = [kind === SPACE ? at : start, at];
    while (to < text.length) {
      const point = text.codePointAt(to);
      if (this.sort[point] !== kind) break;
      last = to;
      to += point > 0xffff ? 2 : 1;
    }
    // of several spaces before a word the last is the word's
    return kind === SPACE && to < text.length && last > at ? last : to;
  }

  /** Append the tokens of a piece: of the pairs in it the first learnt is merged, the leftmost first. */
  mergeInto(out, bytes) {
    const n = bytes.length;
    const token = Int32Array.from(bytes, (byte) => this.byte[byte]);
    const next = Int32Array.from(token, (_, i) => i + 1); // a list, from which merged tokens go
    const before = Int32Array.from(token, (_, i) => i - 1);
    const waiting = []; // a heap of rank · 2³² + place
    const look = (i) => {
      const rank = i >= 0 && next[i] < n ? this.rank.get(token[i] * 65536 + token[next[i]]) : undefined;
      if (rank !== undefined) heapPush(waiting, rank * 2 ** 32 + i);
    };
    for (let i = 0; i + 1 < n; i++) look(i);
    while (waiting.length) {
      const top = heapPop(waiting);
      const [rank, i] = [Math.floor(top / 2 ** 32), top % 2 ** 32];
      const right = next[i];
      if (token[i] < 0 || right >= n) continue;
      if (this.rank.get(token[i] * 65536 + token[right]) !== rank) continue; // it has merged otherwise
      token[i] = this.merged[rank];
      token[right] = -1;
      next[i] = next[right];
      if (next[i] < n) before[next[i]] = i;
      look(before[i]);
      look(i);
    }
    for (let i = 0; i < n; i = next[i]) out.push(token[i]);
  }

  decode(ids) {
    const bytes = Uint8Array.from(Array.from(ids, (id) => this.bytes[id]).flat());
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
  }

  /** A function that turns tokens into text as they come; a character may take four tokens. */
  stream() {
    let waiting = [];
    return (id) => {
      waiting.push(id);
      const text = this.decode(waiting);
      if (text.endsWith(LOST) && waiting.length <= 4) return "";
      waiting = [];
      return text;
    };
  }
}

function heapPush(heap, value) {
  let at = heap.length;
  heap.push(value);
  while (at > 0) {
    const up = (at - 1) >> 1;
    if (heap[up] <= value) break;
    heap[at] = heap[up];
    at = up;
  }
  heap[at] = value;
}

function heapPop(heap) {
  const [top, value] = [heap[0], heap.pop()];
  if (!heap.length) return top;
  let at = 0;
  for (;;) {
    let down = 2 * at + 1;
    if (down >= heap.length) break;
    if (down + 1 < heap.length && heap[down + 1] < heap[down]) down += 1;
    if (heap[down] >= value) break;
    heap[at] = heap[down];
    at = down;
  }
  heap[at] = value;
  return top;
}
