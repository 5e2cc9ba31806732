// The browser's half of prose_links.py: a click on a link to "#set?…", anywhere on the page, is handed to the script.

const MARK = "#set?"

export default function ({ parentElement, setTriggerValue }) {
  const follow = event => {
    const address = event.target.closest?.("a[href]")?.getAttribute("href") ?? ""
    if (!address.includes(MARK)) return
    event.preventDefault()
    event.stopPropagation() // Streamlit's own listener would look for a place of that name on the page
    setTriggerValue("set", address.slice(address.indexOf(MARK) + MARK.length))
  }
  const page = parentElement.ownerDocument
  page.addEventListener("click", follow, true)
  return () => page.removeEventListener("click", follow, true)
}
