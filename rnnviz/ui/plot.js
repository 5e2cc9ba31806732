// The browser's half of plot.py. Streamlit calls the default export once for each new figure or setting.

const DOUBLE_CLICK = 250 // ms within which a second click makes a double one

const CONFIG = {
  displaylogo: false,
  doubleClickDelay: DOUBLE_CLICK,
  // The first would send the figure to somebody else's server; our own buttons take the place of the second.
  modeBarButtonsToRemove: ["sendChartToCloud", "toImage"],
}

const NARROW = 640 // pixels; below it the legend has no room beside the curves

const views = new WeakMap()

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".rnnviz-plot")
  if (!views.has(root)) views.set(root, open(root))
  const view = views.get(root)
  view.data = data
  view.report = point => setTriggerValue("clicked", point) // a second click on the same point is a click as well
  label(view)
  draw(view).catch(error => fail(view, error))
  return () => close(view)
}

function open(root) {
  const part = selector => root.querySelector(selector)
  const view = { root, canvas: part(".canvas"), badge: part(".badge"), failure: part(".failure"), note: part(".note") }
  for (const button of root.querySelectorAll("button[data-format]")) button.onclick = () => save(view, button.dataset.format)
  view.observer = new ResizeObserver(() => fit(view))
  view.observer.observe(view.canvas)
  return view
}

function close(view) {
  view.observer.disconnect()
  clearTimeout(view.clicking)
  closeFilm(view.canvas)
  window.Plotly?.purge(view.canvas)
  views.delete(view.root)
}

// Everything but the drawing. Text is set as text, so a name with markup in it stays a name.
function label({ root, canvas, badge, note, data }) {
  const { words } = data
  canvas.style.height = `${data.height}px`
  canvas.style.minWidth = `${data.min_width}px`
  canvas.setAttribute("aria-label", data.alt)
  root.setAttribute("aria-busy", data.stale)
  badge.hidden = !data.stale
  badge.textContent = words.computing
  note.textContent = data.note
  for (const button of root.querySelectorAll("button[data-format]")) {
    button.title = words[`save_${button.dataset.format}`]
    button.setAttribute("aria-label", button.title)
  }
}

async function draw(view) {
  const Plotly = await loaded(view.data.plotly)
  const { figure } = view.data // the latest, should several have come while Plotly was loading
  if (figure === view.figure) return
  view.figure = figure
  const { data, layout, frames } = JSON.parse(figure)
  await lettered(layout.font?.family, figure)
  if (figure !== view.figure) return // a newer one came meanwhile
  const first = !view.Plotly
  view.Plotly = Plotly
  // One uirevision for all figures of this place: what the viewer zoomed, moved or hid outlives the data.
  view.narrow = view.canvas.offsetWidth < NARROW
  const frame = zoomed(view, view.narrow ? folded(layout, data, view.canvas.offsetWidth) : layout)
  hide(data, view.canvas.data)
  const drawn = { data, layout: { uirevision: "kept", ...frame, autosize: true }, config: CONFIG }
  await Plotly.react(view.canvas, frames ? { ...drawn, frames } : drawn)
  view.failure.hidden = true
  withFilm(view.canvas, view.root.querySelector("figcaption"))
  if (!first) return
  giveWay(view)
  view.canvas.on("plotly_afterplot", () => giveWay(view))
  view.canvas.on("plotly_click", ({ points }) => click(view, points[0]))
  view.canvas.on("plotly_hover", ({ points }) => (follow(view, points[0]), light(view, points[0])))
  view.canvas.on("plotly_unhover", () => (follow(view), light(view)))
  view.canvas.on("plotly_doubleclick", () => setTimeout(() => (clearTimeout(view.clicking), unzoom(view)))) // after its own half
}

// The ranges that the viewer has chosen. Plotly keeps them only where the figure gives the same range as before; ours follow
// the data, and a double click goes back to them.
function zoomed(view, layout) {
  const { canvas, own = {}, revision } = view
  const given = Object.keys(layout).filter(name => /^[xy]axis/.test(name) && layout[name].range)
  view.own = Object.fromEntries(given.map(name => [name, [...layout[name].range]])) // Plotly writes into what it is given
  view.revision = layout.uirevision
  if (revision !== layout.uirevision) return layout
  const chosen = Object.keys(view.own).flatMap(name => {
    const range = canvas._fullLayout?.[name]?.range
    return own[name] && range?.some((end, k) => end !== own[name][k]) ? [[name, { ...layout[name], range: [...range] }]] : []
  })
  return { ...layout, ...Object.fromEntries(chosen) }
}

function unzoom({ canvas, Plotly, own }) {
  Plotly.relayout(canvas, Object.fromEntries(Object.entries(own).map(([name, range]) => [`${name}.range`, range])))
}

// What the viewer hid stays hidden. Plotly goes by the place in the list, and curves come and go before it.
function hide(data, before = []) {
  const entry = curve => curve.legendgroup ?? curve.name
  const hidden = new Set(before.filter(curve => curve.visible === "legendonly").map(entry))
  for (const curve of data) curve.visible = hidden.has(entry(curve)) ? "legendonly" : (curve.visible ?? true)
}

// Plotly measures words once, with the letters there are: those of another font would be cut off or stand too far apart.
// Without the font's file the words are drawn in whatever letters there are.
function lettered(family, words) {
  return document.fonts.load(`16px ${family ?? "sans-serif"}`, words.replace(/[\x00-\x7f]+/g, "a")).catch(console.warn)
}

// On a phone: the title in as many lines as it needs, the legend below instead of beside, axis names without remarks.
function folded(layout, data, width) {
  const { title = {}, legend = {}, margin = {}, xaxis = {} } = layout
  const { subtitle = {} } = title
  const lines = { title: inLines(title.text, width / 8.5), subtitle: inLines(subtitle.text, width / 6.5, " · ") }
  const named = data.filter(curve => curve.showlegend !== false) // two beside each other
  const top = 22 * lines.title.length + 17 * lines.subtitle.length + 44
  return {
    ...layout,
    title: {
      ...title,
      text: lines.title.join("<br>"),
      font: { ...title.font, size: 16 },
      subtitle: { ...subtitle, text: lines.subtitle.join("<br>"), font: { ...subtitle.font, size: 12 } },
      x: 0.02,
      xref: "container",
      pad: { ...title.pad, t: 10 * (lines.title.length - 1) }, // Plotly would cut the first of several lines
    },
    legend: { ...legend, orientation: "h", x: 0, y: 0, yref: "container", yanchor: "bottom", font: { ...legend.font, size: 13 } },
    margin: { ...margin, l: 52, r: 12, t: top, b: 64 + 11 * named.length },
    xaxis: { ...xaxis, title: { ...xaxis.title, text: xaxis.title?.text?.split("  (")[0] } },
  }
}

function inLines(text = "", length, between = " ") {
  const lines = []
  for (const part of text.split(between)) {
    const longer = lines.length ? lines.at(-1) + between + part : undefined
    if (longer?.length <= length) lines[lines.length - 1] = longer
    else lines.push(part)
  }
  return lines
}

// The label of the time cursor stands in the row of the tick labels: those that it would half cover give way.
function giveWay({ canvas }) {
  const at = canvas.layout.annotations?.findIndex(note => note.name === "cursor")
  const label = canvas.querySelector(`.annotation[data-index="${at}"]`)?.getBoundingClientRect()
  for (const tick of canvas.querySelectorAll(".xaxislayer-above text")) {
    const { left, right } = tick.getBoundingClientRect()
    const covered = label && !tick.closest(".g-xtitle") && left < label.right && right > label.left
    tick.style.visibility = covered ? "hidden" : ""
  }
}

// A double click lets the zoom go, and Plotly reports its halves as clicks too: a click counts when no second one follows.
function click(view, { x, y, curveNumber }) {
  clearTimeout(view.clicking)
  if (view.data.clickable) view.clicking = setTimeout(() => view.report({ x, y, curve: curveNumber }), DOUBLE_CLICK + 50)
}

// A map that has one of its rows drawn as a curve (layout.meta.row) shows the one under the pointer, and then its own again.
function follow({ canvas, Plotly }, point) {
  const row = canvas.layout.meta?.row
  if (!row || (point && point.curveNumber !== row.map)) return
  if (point && !canvas.matches(":hover")) return // Plotly tells late of a pointer that has left
  const { z, y } = canvas._fullData[row.map]
  const at = point ? point.pointNumber[0] : row.at
  const words = { [`annotations[${row.label}].text`]: row.words.join(y[at]) }
  const cut = { [`shapes[${row.cut}].x1`]: Math.max(y[at] - row.truncation, 0) + 0.5 }
  Plotly.update(canvas, { y: [Array.from(z[at])] }, { ...words, ...cut }, [row.curve])
}

// Curves that each mean one thing in many places (layout.meta.alike): the one under the pointer lights up, the others step
// back.
function light(view, point) {
  const { canvas, Plotly } = view
  const alike = canvas.layout.meta?.alike
  const lit = alike?.find(curve => curve === point?.curveNumber)
  if (!alike || lit === view.lit) return
  view.lit = lit
  Plotly.restyle(canvas, { opacity: alike.map(curve => (lit === undefined || curve === lit ? 1 : 0.15)) }, alike)
}

// The sidebar and the phone's rotation change the width without the window's telling.
function fit(view) {
  const { canvas, Plotly } = view
  if (!Plotly || !canvas.offsetWidth || canvas.offsetWidth === canvas._fullLayout?.width) return
  if (view.narrow === canvas.offsetWidth < NARROW) {
    Plotly.Plots.resize(canvas)
  } else {
    view.figure = undefined // the frame changes, not only its size
    draw(view).catch(error => fail(view, error))
  }
}

async function save({ canvas, data, Plotly }, format) {
  if (!Plotly) return
  const size = { width: canvas.offsetWidth, height: canvas.offsetHeight }
  const drawing = await Plotly.toImage(canvas, { format: "svg", imageDataOnly: true, ...size })
  const svg = drawing.replace(">", `><style>${await fonts(canvas)}</style>`)
  const picture = format === "png" ? await raster(svg, size) : new Blob([svg], { type: "image/svg+xml" })
  const link = document.createElement("a")
  link.href = URL.createObjectURL(picture)
  link.download = `${data.file_name}.${format}`
  link.click()
  URL.revokeObjectURL(link.href)
}

// A picture outside the page knows none of its fonts; other letters, wider ones, would run over its edges. So those that
// the page has fetched for these words travel inside it.
async function fonts(canvas) {
  const words = [...canvas.querySelectorAll("text")]
  const families = new Set(words.flatMap(word => getComputedStyle(word).fontFamily.split(",").map(bare)))
  const fetched = new Set(performance.getEntriesByType("resource").map(entry => entry.name))
  const faces = [...document.styleSheets]
    .flatMap(sheet => [...sheet.cssRules].map(rule => ({ rule, base: sheet.href ?? document.baseURI })))
    .filter(({ rule }) => rule instanceof CSSFontFaceRule && families.has(bare(rule.style.fontFamily)))
    .map(({ rule, base }) => ({ rule, address: new URL(/url\("?([^")]+)/.exec(rule.cssText)[1], base).href }))
    .filter(({ address }) => fetched.has(address))
  return (await Promise.all(faces.map(embedded))).join("")
}

const bare = family => family.trim().replaceAll('"', "")

async function embedded({ rule, address }) {
  const file = await (await fetch(address)).blob()
  return rule.cssText.replace(/url\("?[^")]+"?\)/, `url(${await dataAddress(file)})`)
}

function dataAddress(blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader()
    reader.onload = () => resolve(reader.result)
    reader.onerror = () => reject(reader.error)
    reader.readAsDataURL(blob)
  })
}

// At twice the size on the page, which is sharp on a slide.
async function raster(svg, { width, height }) {
  const image = new Image()
  image.src = await dataAddress(new Blob([svg], { type: "image/svg+xml" }))
  await image.decode()
  const paper = new OffscreenCanvas(2 * width, 2 * height)
  const draw = () => paper.getContext("2d").drawImage(image, 0, 0, paper.width, paper.height)
  draw() // a browser unpacks the fonts in a picture only when it is first drawn, and tells nobody when it has
  await new Promise(resolve => setTimeout(resolve, 300))
  paper.getContext("2d").reset()
  draw()
  return paper.convertToBlob({ type: "image/png" })
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
