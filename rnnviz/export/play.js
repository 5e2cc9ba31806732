// A figure that is a film (layout.meta.film, from figures/training/gradient_film.py) gets a button that plays it in the
// browser: on the page, where plot.js calls this, and in an exported file, where page.py does.

const WHOLE_FILM = 8000 // ms, however many frames it has …
const QUICKEST = 60 // … but no frame is shorter

const films = new WeakMap()

// After every drawing of the figure; `host` is where the button stands.
function withFilm(canvas, host) {
  const told = canvas.layout?.meta?.film
  const film = films.get(canvas) ?? (told && opened(canvas, host))
  if (told) return taken(film, told)
  if (film) closeFilm(canvas)
}

function closeFilm(canvas) {
  const film = films.get(canvas)
  if (!film) return
  halt(film)
  film.button.remove()
  films.delete(canvas)
}

function opened(canvas, host) {
  const button = document.createElement("button")
  const film = { canvas, button }
  button.type = "button"
  button.className = "film"
  button.onclick = () => press(film)
  host.prepend(button)
  films.set(canvas, film)
  return film
}

// The figure has been drawn anew, perhaps with more frames: a film that plays goes on, one that was held stays where it is.
// Who chose another update or another run by hand sees that.
function taken(film, told) {
  const chosen = film.told && (told.asked !== film.told.asked || told.run !== film.told.run)
  film.told = told
  film.profiles = floats(told.profiles)
  if (chosen) {
    halt(film)
    film.at = undefined
  }
  say(film)
  return film.at === undefined ? undefined : show(film)
}

function press(film) {
  const { updates } = film.told
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches // then nothing moves by itself: a press is a frame
  if (film.playing) return halt(film)
  if (film.at === undefined || film.at >= updates.length - 1) film.at = 0
  else if (still) film.at += 1
  if (still) return show(film)
  film.playing = true
  say(film)
  play(film)
}

async function play(film) {
  while (film.playing) {
    const { length } = film.told.updates
    const until = performance.now() + Math.max(QUICKEST, WHOLE_FILM / length)
    await show(film)
    if (film.at >= length - 1) return halt(film)
    await new Promise(resolve => (film.waiting = setTimeout(resolve, until - performance.now())))
    film.at = Math.min(film.at + 1, film.told.updates.length - 1)
  }
}

function halt(film) {
  film.playing = false
  clearTimeout(film.waiting)
  say(film)
}

function say({ button, playing, told }) {
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches
  button.textContent = `${playing ? "⏸" : still ? "⏭" : "▶"} ${told.words[playing ? "pause" : still ? "step" : "play"]}`
}

// One frame: the profile with its band, the mark in the map, the horizon, and the update in the name of the profile.
function show(film) {
  const { canvas, told, profiles } = film
  film.at = Math.min(film.at, told.updates.length - 1)
  const { length } = told
  const [low, median, high] = [0, 1, 2].map(band => profiles.subarray((3 * film.at + band) * length, (3 * film.at + band + 1) * length))
  const steps = Array.from({ length }, (_, k) => k + 1)
  const there = steps.filter(t => isFinite(low[t - 1]) && isFinite(high[t - 1]))
  const edge = band => there.map(t => band[t - 1])
  const frame = { ...marked(told, film.at), ...horizon(told, film.at) }
  frame[`annotations[${told.title}].text`] = told.words.profile.join(told.updates[film.at])
  const lines = { x: [there, there, steps], y: [edge(low), edge(high), Array.from(median, y => (isFinite(y) ? y : null))] }
  return window.Plotly.update(canvas, lines, frame, told.traces)
}

function marked({ marks, updates }, at) {
  return Object.assign({}, ...marks.map(k => ({ [`shapes[${k}].x0`]: updates[at], [`shapes[${k}].x1`]: updates[at] })))
}

function horizon({ edge, label, lags, judged, length, words }, at) {
  if (edge === null) return {}
  const [shape, note, known] = [`shapes[${edge}]`, `annotations[${label}]`, lags[at] !== null]
  if (!known) return { [`${shape}.visible`]: false, [`${note}.visible`]: false }
  const place = judged - lags[at]
  const right = place < length / 2
  return {
    [`${shape}.visible`]: true,
    [`${shape}.x0`]: place,
    [`${shape}.x1`]: place,
    [`${note}.visible`]: true,
    [`${note}.x`]: place,
    [`${note}.xanchor`]: right ? "left" : "right",
    [`${note}.xshift`]: right ? 4 : -4,
    [`${note}.text`]: words.horizon.join(lags[at]),
  }
}

function floats({ bdata }) {
  return new Float32Array(Uint8Array.from(atob(bdata), letter => letter.charCodeAt(0)).buffer)
}
