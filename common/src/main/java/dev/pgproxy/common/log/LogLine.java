package dev.pgproxy.common.log;

/**
 * One logged line.
 *
 * @param atMicros microseconds since 1970
 * @param level as in the log
 * @param text without time and level
 */
public record LogLine(long atMicros, String level, String text) {}
