// The browser's half of plot.py. Streamlit calls the default export once for each new figure or setting.

const CONFIG = {
  displaylogo: false,
  // The first would send the figure to somebody else's server; our own buttons take the place of the second.
  modeBarButtonsToRemove: ["sendChartToCloud", "toImage"],
}

const views = new WeakMap()

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".rnnviz-plot")
  if (!views.has(root)) views.set(root, open(root))
  const view = views.get(root)
  view.data = data
  view.report = point => setStateValue("clicked", point)
  label(view)
  draw(view).catch(error => fail(view, error))
  return () => close(view)
}

function open(root) {
  const part = selector => root.querySelector(selector)
  const view = { root, canvas: part(".canvas"), badge: part(".badge"), failure: part(".failure"), note: part(".note") }
  for (const button of root.querySelectorAll("button")) button.onclick = () => save(view, button.dataset.format)
  view.observer = new ResizeObserver(() => fit(view))
  view.observer.observe(view.canvas)
  return view
}

function close(view) {
  view.observer.disconnect()
  window.Plotly?.purge(view.canvas)
  views.delete(view.root)
}

// Everything but the drawing. Text is set as text, so a name with markup in it stays a name.
function label({ root, canvas, badge, note, data }) {
  const { words } = data
  canvas.style.height = `${data.height}px`
  canvas.setAttribute("aria-label", data.alt)
  root.setAttribute("aria-busy", data.stale)
  badge.hidden = !data.stale
  badge.textContent = words.computing
  note.textContent = data.note
  for (const button of root.querySelectorAll("button")) {
    button.title = words[`save_${button.dataset.format}`]
    button.setAttribute("aria-label", button.title)
  }
}

async function draw(view) {
  const Plotly = await loaded(view.data.plotly)
  const { figure } = view.data // the latest, should several have come while Plotly was loading
  if (figure === view.figure) return
  view.figure = figure
  const { data, layout } = JSON.parse(figure)
  const first = !view.Plotly
  view.Plotly = Plotly
  // One uirevision for all figures of this place: what the viewer zoomed, moved or hid outlives the data.
  await Plotly.react(view.canvas, data, { uirevision: "kept", ...layout, autosize: true }, CONFIG)
  view.failure.hidden = true
  if (first) view.canvas.on("plotly_click", ({ points }) => click(view, points[0]))
}

function click({ data, report }, { x, curveNumber }) {
  if (data.clickable) report({ x, curve: curveNumber })
}

// The sidebar and the phone's rotation change the width without the window's telling.
function fit({ canvas, Plotly }) {
  if (Plotly && canvas.offsetWidth && canvas.offsetWidth !== canvas._fullLayout?.width) Plotly.Plots.resize(canvas)
}

function save({ canvas, data, Plotly }, format) {
  Plotly?.downloadImage(canvas, {
    format,
    filename: data.file_name,
    width: canvas.offsetWidth,
    height: canvas.offsetHeight,
    scale: format === "png" ? 2 : 1,
  })
}

function fail({ failure, data }, error) {
  console.error(error)
  failure.hidden = false
  failure.textContent = data.words.load_failed
}

let loading

// Plotly once per page, 1.5 MB packed, fetched when the first figure needs it; after a failure the next figure tries again.
function loaded(address) {
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement("script")
    script.src = new URL(address, document.baseURI)
    script.onload = () => resolve(window.Plotly)
    script.onerror = () => {
      loading = undefined
      reject(new Error(`could not load ${script.src}`))
    }
    document.head.append(script)
  })
  return loading
}
