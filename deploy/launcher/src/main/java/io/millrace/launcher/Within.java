package io.millrace.launcher;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** The bounds of a number on the command line, both included. {@link Bounds} holds what was typed to them before a command does anything. */
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.FIELD, ElementType.PARAMETER})
public @interface Within {

    /** What is counted, for the sentence that refuses another number: {@code seconds}. */
    String of();

    /** The least. Of a duration: in seconds. */
    double from();

    /** The greatest; without it there is none. */
    double to() default Double.MAX_VALUE;
}
