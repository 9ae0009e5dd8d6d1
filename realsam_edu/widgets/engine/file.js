// The file of `realsam export`: whether it is whole, and where its arrays stand.
// realsam_edu/generation/browser.py has its layout.

const FILE = { magic: "RealSam\n", format: 1, front: 24 };

/** Throw in one sentence what is wrong with a file; return its header and where its arrays begin. */
function openFile(data) {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const begins = String.fromCharCode(...data.subarray(0, FILE.magic.length));
  if (begins !== FILE.magic.slice(0, data.length) || !data.length)
    throw new Error("This file is not a Sam for the page; make one with `realsam export`.");
  const cut = (of) =>
    new Error(`Sam's file is cut short (${data.length} of ${of} bytes); load it again.`);
  if (data.length < FILE.front) throw cut(`at least ${FILE.front}`);
  const [format, length, crc, header] = [8, 12, 16, 20].map((at) => view.getUint32(at, true));
  if (format !== FILE.format)
    throw new Error(`Sam's file has format ${format} and this page reads ${FILE.format}; make both with the same version of realsam_edu.`);
  if (data.length < length) throw cut(length);
  if (data.length > length || crc32(data.subarray(20)) !== crc)
    throw new Error("Sam's file is damaged (its contents do not match its checksum); load it again.");
  const text = new TextDecoder().decode(data.subarray(FILE.front, FILE.front + header));
  return { header: JSON.parse(text), start: FILE.front + header };
}

function crc32(data) {
  const table = Uint32Array.from({ length: 256 }, (_, n) => {
    for (let bit = 0; bit < 8; bit++) n = n & 1 ? (n >>> 1) ^ 0xedb88320 : n >>> 1;
    return n;
  });
  let crc = ~0;
  for (let i = 0; i < data.length; i++) crc = table[(crc ^ data[i]) & 255] ^ (crc >>> 8);
  return ~crc >>> 0;
}

/** A function that returns the array which an entry of the header stands for, without a copy. */
function arraysOf(data, start) {
  const types = { i1: Int8Array, u2: Uint16Array, f4: Float32Array, f8: Float64Array };
  return ({ at, type, size }) => new types[type](data.buffer, data.byteOffset + start + at, size);
}
