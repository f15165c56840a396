/** What each peer is put under, and what is measured meanwhile: one class for each kind of load. */
@NullMarked
package dev.pgproxy.benchmarks.load;

import org.jspecify.annotations.NullMarked;
