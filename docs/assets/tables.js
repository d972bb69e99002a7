// Tables with many rows can be sorted by any column, and downloaded as CSV.

window.addEventListener("DOMContentLoaded", () => {
  const LEAST = 6;
  for (const table of document.querySelectorAll(".md-content table")) {
    const body = table.tBodies[0];
    if (table.tHead?.rows.length === 1 && body?.rows.length >= LEAST) {
      [...table.tHead.rows[0].cells].forEach((cell, column) => makeSortable(table, cell, column));
      addDownload(table);
    }
  }

  function makeSortable(table, cell, column) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "sort";
    button.append(...cell.childNodes);
    if (!button.textContent.trim()) button.setAttribute("aria-label", "first column");
    cell.append(button);
    button.addEventListener("click", () => {
      const ascending = cell.getAttribute("aria-sort") !== "ascending";
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      cell.setAttribute("aria-sort", ascending ? "ascending" : "descending");
      const rows = [...table.tBodies[0].rows].sort((one, other) =>
        compare(text(one.cells[column]), text(other.cells[column])),
      );
      table.tBodies[0].append(...(ascending ? rows : rows.reverse()));
    });
  }

  // Numbers by their value, and before words; an empty cell or a dash comes last.
  function compare(one, other) {
    const [a, b] = [number(one), number(other)];
    if (!Number.isNaN(a) && !Number.isNaN(b)) return a - b;
    if (Number.isNaN(a) !== Number.isNaN(b)) return Number.isNaN(a) ? 1 : -1;
    return one.localeCompare(other);
  }

  function number(text) {
    return Number.parseFloat(text.replaceAll(",", "").replace("−", "-"));
  }

  function text(cell) {
    return (cell?.textContent ?? "").replaceAll("¶", "").trim();
  }

  function addDownload(table) {
    const link = document.createElement("a");
    link.className = "download";
    link.textContent = "Download as CSV";
    link.download = `${location.pathname.split("/").filter(Boolean).pop() ?? "table"}.csv`;
    link.href = "#";
    link.addEventListener("click", () => {
      const lines = [...table.rows].map((row) => [...row.cells].map((cell) => quoted(text(cell))).join(","));
      link.href = URL.createObjectURL(new Blob([lines.join("\r\n") + "\r\n"], { type: "text/csv" }));
    });
    table.after(link);
  }

  function quoted(value) {
    return /[",\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
  }
});
