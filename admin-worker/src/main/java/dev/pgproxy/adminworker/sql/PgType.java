package dev.pgproxy.adminworker.sql;

import dev.pgproxy.common.view.ColumnType;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.sql.Types;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.time.temporal.ChronoField;
import java.time.temporal.ChronoUnit;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The types of PostgreSQL that occur here: their OIDs (pg_type.oid), and their values in text and in binary. */
public enum PgType {
    BOOL(16, 1, "boolean"),
    INT8(20, 8, "bigint"),
    INT2(21, 2, "smallint"),
    INT4(23, 4, "integer"),
    TEXT(25, -1, "text"),
    FLOAT4(700, 4, "real"),
    FLOAT8(701, 8, "double precision"),
    DATE(1082, 4, "date"),
    TIMESTAMP(1114, 8, "timestamp without time zone"),
    TIMESTAMPTZ(1184, 8, "timestamp with time zone"),
    INTERVAL(1186, 16, "interval"),
    NUMERIC(1700, -1, "numeric");

    private static final OffsetDateTime EPOCH = OffsetDateTime.of(2000, 1, 1, 0, 0, 0, 0, ZoneOffset.UTC);
    private static final int NUMERIC_BASE_DIGITS = 4;
    private static final short NUMERIC_NEGATIVE = 0x4000;
    private static final int MAX_NUMERIC_WEIGHT = 1_000;
    /** Groups of four digits in a parameter. */
    private static final int MAX_NUMERIC_GROUPS = 32;

    private static final int MAX_NUMERIC_SCALE = 1_000;

    /** Other text types. */
    private static final int NAME_OID = 19;

    private static final int VARCHAR_OID = 1043;

    private static final DateTimeFormatter DATE_TIME = new DateTimeFormatterBuilder()
            .appendPattern("uuuu-MM-dd HH:mm:ss")
            .appendFraction(ChronoField.MICRO_OF_SECOND, 0, 6, true)
            .toFormatter(Locale.ROOT);

    private final int oid;
    private final int bytes;
    private final String sqlName;

    PgType(int oid, int bytes, String sqlName) {
        this.oid = oid;
        this.bytes = bytes;
        this.sqlName = sqlName;
    }

    public int oid() {
        return oid;
    }

    /** Bytes of a binary value (pg_type.typlen); -1 where they vary. */
    public int bytes() {
        return bytes;
    }

    String sqlName() {
        return sqlName;
    }

    static PgType of(ColumnType type) {
        return switch (type) {
            case INT4 -> INT4;
            case INT8 -> INT8;
            case FLOAT8 -> FLOAT8;
            case BOOL -> BOOL;
            case TEXT -> TEXT;
            case TIMESTAMPTZ -> TIMESTAMPTZ;
        };
    }

    /** The engine's type for the difference of two dates, which in PostgreSQL is an integer. */
    private static final String DAYS = "INTERVAL DAY";

    private static final String INTERVALS = "INTERVAL";

    /**
     * The type for values of this type of {@link java.sql.Types}; text for those without a counterpart.
     *
     * @param name the engine's name of the type
     */
    static PgType ofJdbc(int type, String name) {
        if (name.equals(DAYS)) {
            return INT4;
        }
        if (name.startsWith(INTERVALS)) {
            return INTERVAL;
        }
        return switch (type) {
            case Types.BOOLEAN, Types.BIT -> BOOL;
            case Types.TINYINT, Types.SMALLINT -> INT2;
            case Types.INTEGER -> INT4;
            case Types.BIGINT -> INT8;
            case Types.REAL -> FLOAT4;
            case Types.FLOAT, Types.DOUBLE -> FLOAT8;
            case Types.NUMERIC, Types.DECIMAL -> NUMERIC;
            case Types.DATE -> DATE;
            case Types.TIMESTAMP -> TIMESTAMP;
            case Types.TIMESTAMP_WITH_TIMEZONE -> TIMESTAMPTZ;
            default -> TEXT;
        };
    }

    /** The type with this OID; null when it is none of these. */
    static @Nullable PgType ofOid(int oid) {
        for (PgType type : values()) {
            if (type.oid == oid) {
                return type;
            }
        }
        return null;
    }

    /** Encodes a value of the engine for a client. */
    byte[] encode(Object value, boolean binary) {
        return binary ? binary(value) : text(value).getBytes(StandardCharsets.UTF_8);
    }

    private String text(Object value) {
        return switch (this) {
            case BOOL -> Boolean.TRUE.equals(value) ? "t" : "f";
            case FLOAT4 -> floating(value.toString());
            case FLOAT8 -> floating(value.toString());
            case NUMERIC -> ((BigDecimal) value).toPlainString();
            case TIMESTAMP -> DATE_TIME.format((LocalDateTime) value);
            case TIMESTAMPTZ ->
                DATE_TIME.format(((OffsetDateTime) value).withOffsetSameInstant(ZoneOffset.UTC)) + "+00";
            case INTERVAL -> ((IntervalValue) value).text();
            case INT2, INT4, INT8, TEXT, DATE -> value.toString();
        };
    }

    /** Java's shortest digits in PostgreSQL's form: no empty fraction, and an exponent only for very large and very small numbers. */
    private static String floating(String java) {
        if (java.equals("NaN") || java.endsWith("Infinity")) {
            return java;
        }
        BigDecimal exact = new BigDecimal(java).stripTrailingZeros();
        int exponent = exact.precision() - exact.scale() - 1;
        if (exact.signum() == 0) {
            return "0";
        }
        if (exponent >= -5 && exponent < 15) {
            return exact.toPlainString();
        }
        String digits = exact.unscaledValue().abs().toString();
        String mantissa = digits.length() == 1 ? digits : digits.charAt(0) + "." + digits.substring(1);
        return (exact.signum() < 0 ? "-" : "") + mantissa + "e" + (exponent < 0 ? "-" : "+")
                + String.format(Locale.ROOT, "%02d", Math.abs(exponent));
    }

    private byte[] binary(Object value) {
        return switch (this) {
            case BOOL -> new byte[] {(byte) (Boolean.TRUE.equals(value) ? 1 : 0)};
            case INT2 ->
                ByteBuffer.allocate(2).putShort(((Number) value).shortValue()).array();
            case INT4 ->
                ByteBuffer.allocate(4).putInt(((Number) value).intValue()).array();
            case INT8 ->
                ByteBuffer.allocate(8).putLong(((Number) value).longValue()).array();
            case FLOAT4 ->
                ByteBuffer.allocate(4).putFloat(((Number) value).floatValue()).array();
            case FLOAT8 ->
                ByteBuffer.allocate(8).putDouble(((Number) value).doubleValue()).array();
            case DATE ->
                ByteBuffer.allocate(4)
                        .putInt((int) ChronoUnit.DAYS.between(EPOCH.toLocalDate(), (LocalDate) value))
                        .array();
            case TIMESTAMP -> micros(((LocalDateTime) value).atOffset(ZoneOffset.UTC));
            case TIMESTAMPTZ -> micros((OffsetDateTime) value);
            case NUMERIC -> numeric((BigDecimal) value);
            case INTERVAL -> ((IntervalValue) value).binary();
            case TEXT -> text(value).getBytes(StandardCharsets.UTF_8);
        };
    }

    private static byte[] micros(OffsetDateTime at) {
        return ByteBuffer.allocate(8)
                .putLong(ChronoUnit.MICROS.between(EPOCH, at))
                .array();
    }

    /** Int16 digits, weight, sign, scale; then base-10,000 digits, most significant first (numeric_send). */
    private static byte[] numeric(BigDecimal value) {
        int scale = Math.max(0, value.scale());
        String plain = value.abs().setScale(scale).toPlainString();
        int point = plain.indexOf('.') < 0 ? plain.length() : plain.indexOf('.');
        String whole = plain.substring(0, point);
        String fraction = point < plain.length() ? plain.substring(point + 1) : "";
        int wholeGroups = (whole.length() + NUMERIC_BASE_DIGITS - 1) / NUMERIC_BASE_DIGITS;
        int fractionGroups = (fraction.length() + NUMERIC_BASE_DIGITS - 1) / NUMERIC_BASE_DIGITS;
        String digits = "0".repeat(wholeGroups * NUMERIC_BASE_DIGITS - whole.length())
                + whole
                + fraction
                + "0".repeat(fractionGroups * NUMERIC_BASE_DIGITS - fraction.length());
        int groups = wholeGroups + fractionGroups;
        ByteBuffer out = ByteBuffer.allocate(8 + 2 * groups);
        out.putShort((short) groups).putShort((short) (wholeGroups - 1));
        out.putShort(value.signum() < 0 ? NUMERIC_NEGATIVE : 0).putShort((short) scale);
        for (int i = 0; i < groups; i++) {
            out.putShort(Short.parseShort(digits.substring(i * NUMERIC_BASE_DIGITS, (i + 1) * NUMERIC_BASE_DIGITS)));
        }
        return out.array();
    }

    /**
     * A parameter's value for the engine, which converts texts to whatever they are compared with.
     *
     * @param oid as the client declared it; 0 when it left it open
     * @throws SqlProblem when these bytes are not a value of that type
     */
    public static Object decode(byte[] value, int oid, boolean binary) throws SqlProblem {
        PgType type = ofOid(oid);
        boolean isText = type == TEXT || oid == VARCHAR_OID || oid == NAME_OID;
        if (!binary || isText) {
            return text(value, type);
        }
        if (type == null || (type.bytes >= 0 && value.length != type.bytes)) {
            throw new SqlProblem(
                    SqlStates.FEATURE_NOT_SUPPORTED,
                    "a parameter of type " + oid + " in binary format cannot be read here",
                    "Send parameters as text.");
        }
        if (type == NUMERIC) {
            return numeric(value);
        }
        ByteBuffer in = ByteBuffer.wrap(value);
        return switch (type) {
            case BOOL -> in.get() != 0;
            case INT2 -> in.getShort();
            case INT4 -> in.getInt();
            case INT8 -> in.getLong();
            case FLOAT4 -> in.getFloat();
            case FLOAT8 -> in.getDouble();
            case DATE -> EPOCH.toLocalDate().plusDays(in.getInt());
            case TIMESTAMP -> EPOCH.toLocalDateTime().plus(in.getLong(), ChronoUnit.MICROS);
            case TIMESTAMPTZ -> EPOCH.plus(in.getLong(), ChronoUnit.MICROS);
            case INTERVAL -> interval(in).text();
            case NUMERIC, TEXT -> throw new IllegalStateException(type + " was decoded before");
        };
    }

    private static IntervalValue interval(ByteBuffer in) {
        long micros = in.getLong();
        int days = in.getInt();
        return new IntervalValue(in.getInt(), days, micros);
    }

    private static boolean bool(String text) throws SqlProblem {
        return switch (text) {
            case "t", "true", "y", "yes", "on", "1" -> true;
            case "f", "false", "n", "no", "off", "0" -> false;
            default ->
                throw new SqlProblem(
                        SqlStates.INVALID_TEXT_REPRESENTATION,
                        "invalid input syntax for type boolean: \"" + text + "\"",
                        "");
        };
    }

    /** The reverse of {@link #numeric(BigDecimal)}. */
    private static BigDecimal numeric(byte[] value) throws SqlProblem {
        ByteBuffer in = ByteBuffer.wrap(value);
        int groups = value.length < 8 ? -1 : in.getShort();
        if (groups < 0 || value.length != 8 + 2 * groups) {
            throw new SqlProblem(SqlStates.INVALID_TEXT_REPRESENTATION, "invalid binary numeric parameter", "");
        }
        int weight = in.getShort();
        short sign = in.getShort();
        int scale = in.getShort();
        if (groups > MAX_NUMERIC_GROUPS) {
            throw new SqlProblem(SqlStates.NUMERIC_VALUE_OUT_OF_RANGE, "a numeric parameter has too many digits", "");
        }
        if ((sign != 0 && sign != NUMERIC_NEGATIVE)
                || Math.abs(weight) > MAX_NUMERIC_WEIGHT
                || scale < 0
                || scale > MAX_NUMERIC_SCALE) {
            throw new SqlProblem(
                    SqlStates.INVALID_TEXT_REPRESENTATION, "a numeric parameter is not a finite number", "");
        }
        BigDecimal sum = BigDecimal.ZERO;
        for (int i = 0; i < groups; i++) {
            sum = sum.add(BigDecimal.valueOf(in.getShort()).scaleByPowerOfTen((weight - i) * NUMERIC_BASE_DIGITS));
        }
        BigDecimal scaled = sum.setScale(scale, RoundingMode.HALF_UP);
        return sign == 0 ? scaled : scaled.negate();
    }

    private static Object text(byte[] value, @Nullable PgType type) throws SqlProblem {
        String text;
        try {
            text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(value))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new SqlProblem("22021", "invalid byte sequence for encoding \"UTF8\"", "");
        }
        Literals.checkExponents(text);
        if (type == BOOL) {
            return bool(text.strip().toLowerCase(Locale.ROOT));
        }
        try {
            return type == null
                    ? text
                    : switch (type) {
                        case INT2, INT4 -> Integer.valueOf(text.strip());
                        case INT8 -> Long.valueOf(text.strip());
                        case FLOAT4, FLOAT8 -> Double.valueOf(text.strip());
                        case NUMERIC -> new BigDecimal(text.strip());
                        case BOOL, TEXT, DATE, TIMESTAMP, TIMESTAMPTZ, INTERVAL -> text;
                    };
        } catch (NumberFormatException e) {
            throw new SqlProblem(
                    SqlStates.INVALID_TEXT_REPRESENTATION,
                    "invalid input syntax for type " + type.sqlName + ": \"" + text + "\"",
                    "");
        }
    }
}
