// Judges a page as it stands: names, order of headings, contrast (WCAG 2.2 AA), width. Returns what is wrong.
() => {
  const wrong = [];
  const seen = (element) => element.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true });
  const name = (element) => {
    const by = element.getAttribute("aria-labelledby");
    const labels = [...(element.labels ?? [])].map((label) => label.textContent);
    const texts = by ? by.split(" ").map((id) => document.getElementById(id)?.textContent ?? "") : labels;
    return (element.getAttribute("aria-label") ?? texts.join(" ")) || element.textContent;
  };

  if (!document.documentElement.lang) wrong.push("no language");
  if (!document.title) wrong.push("no title");
  for (const landmark of ["header", "main", "footer"])
    if (document.querySelectorAll(landmark).length !== 1) wrong.push(`not one ${landmark}`);
  for (const element of document.querySelectorAll("input,select,textarea,button,a,summary,svg,[role],section,nav,img"))
    if (seen(element) && !element.hasAttribute("alt") && !name(element).trim() && element.role !== "status" && !element.closest("[aria-hidden=true]"))
      wrong.push(`no name: ${element.outerHTML.slice(0, 80)}`);
  const ids = [...document.querySelectorAll("[id]")].map(({ id }) => id);
  for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) wrong.push(`twice: ${id}`);
  for (const attribute of ["for", "aria-labelledby", "aria-describedby"])
    for (const element of document.querySelectorAll(`[${attribute}]`))
      for (const id of element.getAttribute(attribute).split(" "))
        if (!document.getElementById(id)) wrong.push(`${attribute} names nothing: ${id}`);
  const levels = [...document.querySelectorAll("h1,h2,h3")].filter(seen).map((each) => Number(each.tagName[1]));
  if (levels[0] !== 1 || levels.filter((level) => level === 1).length !== 1) wrong.push("not one h1, first");
  levels.forEach((level, place) => place && level > levels[place - 1] + 1 && wrong.push("a heading's level is left out"));
  for (const element of document.querySelectorAll("button,input,select,textarea,summary")) {
    const box = element.getBoundingClientRect();
    if (seen(element) && (box.width < 24 || Math.round(box.height) < 22)) wrong.push(`small: ${element.outerHTML.slice(0, 60)}`);
  }

  const channel = (value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  const parts = (text) => text.match(/[\d.]+/g).map(Number);
  const light = ([red, green, blue]) =>
    0.2126 * channel(red / 255) + 0.7152 * channel(green / 255) + 0.0722 * channel(blue / 255);
  const ground = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const colour = parts(getComputedStyle(each).backgroundColor);
      if (colour.length < 4 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || !seen(element) || element.closest("noscript,:disabled,.skip")) continue;
    const [first, second] = [light(parts(getComputedStyle(element).color)), light(ground(element))];
    const contrast = (Math.max(first, second) + 0.05) / (Math.min(first, second) + 0.05);
    if (contrast < 4.5) wrong.push(`contrast ${contrast.toFixed(2)}: ${texts.currentNode.data.trim().slice(0, 40)}`);
  }

  const across = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  if (across > 0) wrong.push(`${across} px too wide`);
  return wrong;
}
