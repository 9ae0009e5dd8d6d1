// Where the weights come from: the kernel in a notebook, a file beside the page on the built site.

const megabytes = (n) => (n / 1e6).toFixed(1);

/** Base64 to bytes, with a breath between the pieces. */
async function fromBase64(text) {
  const whole = text.length;
  const bytes = new Uint8Array((whole / 4) * 3 - (text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0));
  for (let at = 0; at < whole; at += 1 << 20) {
    const piece = atob(text.slice(at, at + (1 << 20)));
    for (let i = 0; i < piece.length; i++) bytes[(at / 4) * 3 + i] = piece.charCodeAt(i);
    await new Promise((next) => setTimeout(next));
  }
  return bytes;
}

/** Ask the kernel by a message; it answers with the file as a buffer. */
function fromKernel(model) {
  return new Promise((resolve, reject) => {
    const hear = (message, buffers) => {
      if (message?.kind !== "weights") return;
      model.off("msg:custom", hear);
      if (message.error) reject(new Error(message.error));
      else resolve(toBytes(buffers[0]).slice());
    };
    model.on("msg:custom", hear);
    model.send({ kind: "weights" });
  });
}

/** Load `address` piece by piece; `arrived(bytes, of)` is told how far it is. */
async function fromServer(address, arrived, signal) {
  const answer = await fetch(address, { signal }).catch((error) => {
    throw signal.aborted ? error : new Error("Sam's weights could not be fetched: the server did not answer.");
  });
  if (!answer.ok) throw new Error(`Sam's weights could not be fetched: the server answered ${answer.status}.`);
  const of = Number(answer.headers.get("content-length")) || 0;
  const [pieces, reader] = [[], answer.body.getReader()];
  let size = 0;
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    pieces.push(part.value);
    size += part.value.length;
    arrived(size, of);
  }
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

/** A page opened from a folder may load scripts and nothing else: there the file is one. */
function fromScript(address, name) {
  return new Promise((resolve, reject) => {
    const done = () => {
      const text = window.realsamFiles?.[name];
      if (text) resolve(fromBase64(text));
      else reject(new Error("Sam's weights are not beside this page; build the book to have them."));
    };
    if (window.realsamFiles?.[name]) return done();
    document.head.append(h("script", { src: address, onload: done, onerror: done }));
  });
}

/** The bytes of a packed Sam; an Error says in one sentence why there are none. */
function weightsOf(name, model, arrived, signal) {
  const root = document.documentElement.dataset.content_root;
  if (root === undefined && model.send) return fromKernel(model);
  if (root === undefined) return Promise.reject(new Error("Sam's weights are not on this page."));
  const file = `${root}_static/sam/${name}`;
  return location.protocol === "file:" ? fromScript(`${file}.js`, name) : fromServer(`${file}.bin`, arrived, signal);
}

/** A recording dressed as an engine: what it read at step `t`, with spikes and membranes. */
function recordedSam(recording) {
  const unpacked = (value) => (typeof value === "string" ? Uint8Array.from(atob(value), (c) => c.charCodeAt(0)) : value);
  const tr = readTrace({ get: (name) => unpacked(recording[name]) });
  const layers = Array.from({ length: tr.layers }, (_, l) => l);
  const wide = tr.p.length / tr.steps;
  const sam = {
    recorded: true, stress: null,
    populations: layers.map((l) => ({ name: `layer ${l + 1}`, neurons: tr.neurons })),
    thr: layers.map((l) => tr.thr.subarray(l * tr.neurons, (l + 1) * tr.neurons)),
    fired: layers.map(() => new Uint8Array(tr.neurons)),
    mem: layers.map(() => new Float32Array(tr.neurons)),
    steps: tr.steps,
    play(t) {
      for (const l of layers)
        for (let n = 0; n < tr.neurons; n++) {
          sam.fired[l][n] = fired(tr, l, t, n);
          sam.mem[l][n] = sam.thr[l][n] + excess(tr, l, t, n);
        }
      const came = t + 1 < tr.steps ? tr.chars[t].indexOf(tr.tokens[t + 1]) : null;
      return {
        text: tr.tokens[t], kind: t < tr.prompt ? "read" : "wrote", stress: null,
        top: { tokens: tr.chars[t], p: tr.p.subarray(t * wide, (t + 1) * wide) }, came, next: tr.tokens[t + 1],
      };
    },
  };
  return sam;
}
