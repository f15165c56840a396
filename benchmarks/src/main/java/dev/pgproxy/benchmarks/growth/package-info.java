/** What a transaction, a connect and an idle client cost when there are many of them, or many workers. */
@NullMarked
package dev.pgproxy.benchmarks.growth;

import org.jspecify.annotations.NullMarked;
