// The browser's half of live_slider.py: sends the value while the thumb is dragged, as fast as the page can follow.
//
// A value that comes while the page still runs would stop that run before its figure is drawn, and a dragging hand would
// see nothing until it rests. So the next value waits until the page is idle, or until the page has had its time.

const EVERY = 80 // ms, at least
const PATIENCE = 1500 // ms, at most
const BUSY = "[data-testid=stApp][data-test-script-state=running]"

const sliders = new WeakMap()

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".rnnviz-live-slider")
  if (!sliders.has(root)) sliders.set(root, open(root))
  const slider = sliders.get(root)
  slider.data = data
  slider.report = value => setStateValue("told", { value, at: performance.now() }) // the same value again is told again
  describe(slider)
  hear(slider, data.value)
  return () => {
    clearTimeout(slider.timer)
    sliders.delete(root)
  }
}

function open(root) {
  const part = selector => root.querySelector(selector)
  const slider = { name: part(".name"), help: part(".help"), value: part(".value"), input: part("input"), sent: [], sentAt: -EVERY }
  slider.input.oninput = () => {
    show(slider)
    clearTimeout(slider.timer)
    slider.timer = setTimeout(() => sendWhenIdle(slider), Math.max(0, slider.sentAt + EVERY - performance.now()))
  }
  return slider
}

function describe({ name, help, input, data }) {
  name.textContent = data.label
  input.setAttribute("aria-description", data.help)
  help.dataset.help = data.help
  help.hidden = !data.help
  input.min = data.low
  input.max = data.high
  input.step = data.step
}

function sendWhenIdle(slider) {
  const waited = performance.now() - slider.sentAt
  if (waited < PATIENCE && document.querySelector(BUSY)) slider.timer = setTimeout(() => sendWhenIdle(slider), 20)
  else send(slider)
}

function send(slider) {
  const value = Number(slider.input.value)
  slider.sentAt = performance.now()
  slider.sent.push(value)
  slider.report(value)
}

// The page repeats each value it was sent, when the hand has long moved on: only a value of its own moves the thumb.
function hear(slider, value) {
  const echo = slider.sent.indexOf(value)
  if (echo >= 0) slider.sent.splice(0, echo + 1)
  else if (value !== slider.heard) {
    slider.input.value = value
    show(slider)
  }
  slider.heard = value
}

function show({ input, value, data }) {
  value.textContent = Number(input.value).toFixed(data.digits)
  input.setAttribute("aria-valuetext", value.textContent)
  input.closest("label").style.setProperty("--part", (input.value - data.low) / (data.high - data.low))
}
