/**
 * The configuration file: its keys, its values as records, and the problems found in it.
 * Reading one never has side effects; what the values mean for a process is that process's business.
 */
@NullMarked
package dev.pgproxy.common.config;

import org.jspecify.annotations.NullMarked;
