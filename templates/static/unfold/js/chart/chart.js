/* In place of Chart.js: the theme loads it on every page, before anything is drawn, and makes charts
   of canvases only. Ours are drawn on the server and need no script; 200 kB less are read. */
