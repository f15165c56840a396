package dev.pgproxy.common.auth;

/** How a server authenticated a client. Protocol: "Authentication" in "Message Formats". */
public enum AuthenticationMethod {
    /** AuthenticationOk at once. */
    TRUST,
    /** AuthenticationCleartextPassword. */
    PASSWORD,
    /** AuthenticationMD5Password. */
    MD5,
    /** AuthenticationSASL, and the client chose SCRAM-SHA-256. */
    SCRAM_SHA_256,
    /** A method that only the server itself can check. */
    OTHER;

    /** The Int32 at the start of an Authentication message. */
    public static final int OK_CODE = 0;

    public static final int PASSWORD_CODE = 3;
    public static final int MD5_CODE = 5;
    public static final int SASL_CODE = 10;
    public static final int SASL_CONTINUE_CODE = 11;
    public static final int SASL_FINAL_CODE = 12;

    /** The method that an Authentication message with this Int32 belongs to. */
    public static AuthenticationMethod ofRequest(int code) {
        return switch (code) {
            case OK_CODE -> TRUST;
            case PASSWORD_CODE -> PASSWORD;
            case MD5_CODE -> MD5;
            case SASL_CODE, SASL_CONTINUE_CODE, SASL_FINAL_CODE -> SCRAM_SHA_256;
            default -> OTHER;
        };
    }
}
