// Plotly makes a picture apart from the page, where the page's fonts are unknown, and other letters run over its edges.
// So the fonts travel inside it. A PDF is printed from the page itself, which knows them.
const makePicture = Plotly.toImage
const NOTHING = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg'/%3E"
let printed

Plotly.toImage = async (figure, options) => {
  await Promise.all([...document.fonts].map(face => face.load()))
  const svg = await makePicture(figure, { ...options, format: "svg", imageDataOnly: true, scale: 1 })
  if (!options.imageDataOnly) return print(svg)
  const dressed = svg.replace(">", `><style>${rules(svg)}</style>`)
  return options.format === "svg" ? dressed : raster(dressed, options)
}

// kaleido prints an <img>; in one of those, letters may not have come yet when it is printed.
function print(svg) {
  printed?.remove()
  printed = document.createElement("div")
  printed.innerHTML = svg
  printed.firstChild.style.display = "block"
  document.body.prepend(printed)
  document.getElementById("kaleido-image").style.display = "none"
  return NOTHING
}

function rules(svg) {
  const hangul = /[\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3]/.test(svg)
  const all = [...document.getElementById("fonts").sheet.cssRules]
  return all.filter(rule => hangul || !rule.style.unicodeRange).map(rule => rule.cssText).join("")
}

async function raster(svg, { width, height, scale }) {
  const image = new Image()
  image.src = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }))
  await image.decode()
  const paper = document.createElement("canvas")
  paper.width = width * scale
  paper.height = height * scale
  const draw = () => paper.getContext("2d").drawImage(image, 0, 0, paper.width, paper.height)
  draw() // a browser unpacks the fonts in a picture only when it is first drawn, and tells nobody when it has
  await new Promise(resolve => setTimeout(resolve, 300))
  paper.getContext("2d").clearRect(0, 0, paper.width, paper.height)
  draw()
  return paper.toDataURL("image/png").split(",")[1]
}
