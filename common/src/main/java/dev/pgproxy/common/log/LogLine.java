package dev.pgproxy.common.log;

/**
 * What was logged once.
 *
 * @param atMicros microseconds since 1970
 * @param level as in the log
 * @param text without time and level
 */
public record LogLine(long atMicros, String level, String text) {}
