// Buttons, range and speed that walk through something: for the widgets that play.

const ICONS = {
  first: "M6 5v14M19 5 9 12l10 7z", back: "M17 5 7 12l10 7z", play: "M7 4l13 8-13 8z",
  pause: "M8 5v14M16 5v14", next: "M7 5l10 7-10 7z", last: "M18 5v14M5 5l10 7-10 7z",
};

function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", ICONS[name]);
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.append(path);
  return svg;
}

function iconButton(name, words, onclick) {
  return h("button", { type: "button", class: "rs-icon", "aria-label": words, title: words, "data-testid": name, onclick }, icon(name));
}

/** Plays by calling `tick` at the chosen speed until it returns false. */
function player(tick, changed) {
  let timer = null;
  let speed = 4;
  const stop = () => {
    clearInterval(timer);
    timer = null;
    changed(false);
  };
  const start = () => {
    clearInterval(timer);
    timer = setInterval(() => tick() || stop(), 1000 / speed);
    changed(true);
  };
  const setSpeed = (s) => {
    speed = s;
    if (timer) start();
  };
  return { toggle: () => (timer ? stop() : start()), start, stop, setSpeed, playing: () => timer !== null };
}

/** First, back, play, next, last, a range and a speed; `name` is what one stop is called. */
function transport({ name, last, at, go, play, start, say = (v) => `${v} of ${last}` }) {
  const stop = name.toLowerCase();
  const playButton = h("button", { type: "button", class: "rs-play", "data-testid": "play", onclick: start });
  const scrub = slider({ name, min: 0, max: last, step: 1, value: at(), say, testid: stop, oninput: go });
  const speeds = [["1", "1 / second"], ["2", "2 / second"], ["4", "4 / second"], ["8", "8 / second"], ["16", "16 / second"]];
  const speed = choice({ name: "Speed", options: speeds, value: "4", testid: "speed", onchange: (v) => play().setSpeed(+v) });
  const buttons = [
    iconButton("first", `First ${stop}`, () => go(0)),
    iconButton("back", `One ${stop} back`, () => go(at() - 1)),
    playButton,
    iconButton("next", `One ${stop} forward`, () => go(at() + 1)),
    iconButton("last", `Last ${stop}`, () => go(last)),
  ];
  const showPlay = (on) => playButton.replaceChildren(icon(on ? "pause" : "play"), on ? "Pause" : "Play");
  showPlay(false);
  return { el: h("div", { class: "rs-transport" }, h("div", { class: "rs-row" }, ...buttons), scrub.el, speed.el), scrub, showPlay };
}
