// Numbers as people read them, and the page's elements by their id.

export const byId = (id) => document.getElementById(id);

export function show(element, shown) {
  element.hidden = !shown;
}

// A text that did not change is not written: screen readers would say it again.
export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function make(name, text, of = "") {
  const element = document.createElement(name);
  element.textContent = text;
  if (of) element.className = of;
  return element;
}

// Of what is short enough to be told in milliseconds.
export const brief = (value) => (value < 0.9995 ? `${Math.round(value * 1000)} ms` : seconds(value));

export function seconds(value) {
  if (value < 9.95) return `${value.toFixed(1)} s`;
  if (value < 119.5) return `${Math.round(value)} s`;
  const minutes = Math.floor(value / 60 + 0.5 / 60);
  if (minutes < 60) return `${minutes} min ${String(Math.floor(value % 60)).padStart(2, "0")} s`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

export function bytes(value) {
  const units = ["B", "KB", "MB", "GB", "TB"];
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit ? value.toPrecision(3) : value} ${units[unit]}`;
}

export const whole = (value) => Math.round(value).toLocaleString("en");

export function figure(value) {
  if (value >= 99.5) return whole(value);
  return value.toFixed(value >= 9.95 ? 1 : 2).replace(/\.0+$/, "");
}
