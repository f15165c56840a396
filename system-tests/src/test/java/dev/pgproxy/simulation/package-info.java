/**
 * The whole proxy in one thread: the real logic of the master and of its pool-workers, with simulated servers, clients, operators and
 * deaths, under one seed. Single processes have simulations in their own modules.
 */
@NullMarked
package dev.pgproxy.simulation;

import org.jspecify.annotations.NullMarked;
