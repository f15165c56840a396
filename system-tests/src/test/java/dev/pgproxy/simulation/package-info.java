/**
 * The whole proxy in one thread: the real logic of the master and of its pool-workers, among simulated servers, clients, operators and
 * deaths, under one seed. What a single process does has its simulation in its own module.
 */
@NullMarked
package dev.pgproxy.simulation;

import org.jspecify.annotations.NullMarked;
