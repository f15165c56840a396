/** What each peer is put under, and what is read off meanwhile: one class for each kind of load. */
@NullMarked
package dev.pgproxy.benchmarks.load;

import org.jspecify.annotations.NullMarked;
