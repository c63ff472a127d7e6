// Makes and shows elements of a page. Text stays text: nothing here reads HTML.

export function element(name, properties, ...content) {
  const made = document.createElement(name);
  for (const [property, value] of Object.entries(properties)) {
    if (property in made) made[property] = value;
    else made.setAttribute(property, value);
  }
  made.append(...content);
  return made;
}

export function show(shown, visible) {
  shown.hidden = !visible;
}
