/** How a run is shown: tables in Markdown, charts in SVG, and the part of docs/performance.md that they make up. */
@NullMarked
package dev.pgproxy.benchmarks.report;

import org.jspecify.annotations.NullMarked;
