/* times.h - datetime's objects as seconds and microseconds since 1970-01-01, and the calendar between the two.
 *
 * By datetime.h, which is CPython's public API for them, so that no Python code runs. What is read has been checked to
 * be a date, a datetime or a timedelta. py_times_use comes before anything else here.
 */
#ifndef PY_TIMES_H
#define PY_TIMES_H

#include <Python.h>
#include <datetime.h>
#include <stdint.h>

enum { PY_SECONDS_A_DAY = 86400 };

/* PyDateTime_IMPORT in two steps, as finding it may run any code. NULL with an exception. */
static inline void *py_times_found(void) { return PyCapsule_Import(PyDateTime_CAPSULE_NAME, 0); }
static inline void py_times_use(void *found) { PyDateTimeAPI = (PyDateTime_CAPI *)found; }

/* ---- the calendar ------------------------------------------------------------------------------------- *
 * Gregorian in all years, as datetime has it. Years begin in March here, so that the leap day is a year's last, and are
 * counted in cycles of 400, which have 146,097 days. (H. Hinnant, chrono-compatible low-level date algorithms.) */

enum {
    PY_CYCLE = 146097,
    PY_EPOCH = 719468, /* days from 0000-03-01 to 1970-01-01 */
    PY_FIRST_DAY = -719162, /* 0001-01-01 */
    PY_LAST_DAY = 2932896   /* 9999-12-31 */
};

/* Days since 1970-01-01 of a date in the years 1 to 9999. */
static inline int32_t py_days(int year, int month, int day)
{
    year -= month <= 2;
    int cycle = year / 400, year_of_cycle = year - cycle * 400;
    int day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return cycle * PY_CYCLE + year_of_cycle * 365 + year_of_cycle / 4 - year_of_cycle / 100 + day_of_year - PY_EPOCH;
}

static inline void py_date(int32_t days, int *year, int *month, int *day)
{
    int since = days + PY_EPOCH, cycle = since / PY_CYCLE, day_of_cycle = since - cycle * PY_CYCLE;
    int year_of_cycle = (day_of_cycle - day_of_cycle / 1460 + day_of_cycle / 36524 - day_of_cycle / 146096) / 365;
    int day_of_year = day_of_cycle - (365 * year_of_cycle + year_of_cycle / 4 - year_of_cycle / 100);
    int month_of_year = (5 * day_of_year + 2) / 153;
    *day = day_of_year - (153 * month_of_year + 2) / 5 + 1;
    *month = month_of_year < 10 ? month_of_year + 3 : month_of_year - 9;
    *year = cycle * 400 + year_of_cycle + (*month <= 2);
}

/* ---- objects to numbers ------------------------------------------------------------------------------- */

static inline int py_is_date(PyObject *object) { return PyDate_Check(object); } /* a datetime is one */
static inline int py_is_exact_date(PyObject *object) { return PyDate_CheckExact(object); }
static inline int py_is_datetime(PyObject *object) { return PyDateTime_Check(object); }
static inline int py_is_exact_datetime(PyObject *object) { return PyDateTime_CheckExact(object); }
static inline int py_is_timedelta(PyObject *object) { return PyDelta_Check(object); }
static inline int py_is_exact_timedelta(PyObject *object) { return PyDelta_CheckExact(object); }

static inline int32_t py_date_read(PyObject *date)
{
    return py_days(PyDateTime_GET_YEAR(date), PyDateTime_GET_MONTH(date), PyDateTime_GET_DAY(date));
}

/* What the clock shows, whatever the time zone. */
static inline int64_t py_datetime_read(PyObject *time, int32_t *micro)
{
    *micro = PyDateTime_DATE_GET_MICROSECOND(time);
    return (int64_t)py_date_read(time) * PY_SECONDS_A_DAY + PyDateTime_DATE_GET_HOUR(time) * 3600 +
           PyDateTime_DATE_GET_MINUTE(time) * 60 + PyDateTime_DATE_GET_SECOND(time);
}

/* A borrowed reference; Py_None. */
static inline PyObject *py_zone(PyObject *time) { return PyDateTime_DATE_GET_TZINFO(time); }

static inline int py_is_utc(PyObject *zone) { return zone == PyDateTime_TimeZone_UTC; }

/* Whole seconds, towards minus infinity, and the microseconds beyond them. */
static inline int64_t py_timedelta_read(PyObject *delta, int32_t *micro)
{
    *micro = PyDateTime_DELTA_GET_MICROSECONDS(delta);
    return (int64_t)PyDateTime_DELTA_GET_DAYS(delta) * PY_SECONDS_A_DAY + PyDateTime_DELTA_GET_SECONDS(delta);
}

/* ---- counts ------------------------------------------------------------------------------------------- */

enum { PY_TIME_FITS, PY_TIME_OUT_OF_RANGE, PY_TIME_NOT_WHOLE };

/* The count of units of which so many make a second: 1, 1e3, 1e6 or 1e9. INT64_MIN, which is NumPy's NaT, is out of
 * range. */
static inline int py_time_count(int64_t seconds, int32_t micro, int64_t per_second, int64_t *count)
{
    int64_t part;
    if (per_second >= 1000000)
        part = micro * (per_second / 1000000);
    else {
        int32_t unit = (int32_t)(1000000 / per_second);
        if (micro % unit != 0) return PY_TIME_NOT_WHOLE;
        part = micro / unit;
    }
    int64_t most = INT64_MAX / per_second, rest = INT64_MAX % per_second;
    if (seconds > most || (seconds == most && part > rest)) return PY_TIME_OUT_OF_RANGE;
    if (seconds < -most - 1 || (seconds == -most - 1 && per_second - part > rest)) return PY_TIME_OUT_OF_RANGE;
    *count = seconds < 0 ? (seconds + 1) * per_second - (per_second - part) : seconds * per_second + part;
    return PY_TIME_FITS;
}

/* Whole seconds, towards minus infinity, and the units beyond them. */
static inline int64_t py_seconds(int64_t count, int64_t per_second, int64_t *part)
{
    int64_t seconds = count / per_second;
    *part = count % per_second;
    if (*part < 0) {
        *part += per_second;
        seconds--;
    }
    return seconds;
}

/* ---- numbers to objects ------------------------------------------------------------------------------- *
 * NULL with an exception when there is no such date, datetime or timedelta. per_second is at most 1e6. */

static inline PyObject *py_date_make(int64_t days)
{
    int year, month, day;
    if (days < PY_FIRST_DAY || days > PY_LAST_DAY) {
        PyErr_Format(PyExc_OverflowError, "%lld days since 1970-01-01 are out of datetime's range", (long long)days);
        return NULL;
    }
    py_date((int32_t)days, &year, &month, &day);
    return PyDate_FromDate(year, month, day);
}

static inline PyObject *py_datetime_make(int64_t count, int64_t per_second, int utc)
{
    int year, month, day;
    int64_t part, second, seconds = py_seconds(count, per_second, &part);
    int64_t days = py_seconds(seconds, PY_SECONDS_A_DAY, &second);
    if (days < PY_FIRST_DAY || days > PY_LAST_DAY) {
        PyErr_Format(PyExc_OverflowError, "%lld days since 1970-01-01 are out of datetime's range", (long long)days);
        return NULL;
    }
    py_date((int32_t)days, &year, &month, &day);
    return PyDateTimeAPI->DateTime_FromDateAndTime(
        year, month, day, (int)(second / 3600), (int)(second / 60 % 60), (int)(second % 60),
        (int)(part * (1000000 / per_second)), utc ? PyDateTime_TimeZone_UTC : Py_None, PyDateTimeAPI->DateTimeType);
}

static inline PyObject *py_timedelta_make(int64_t count, int64_t per_second)
{
    int64_t part, second, seconds = py_seconds(count, per_second, &part);
    int64_t days = py_seconds(seconds, PY_SECONDS_A_DAY, &second);
    if (days < -999999999 || days > 999999999) {
        PyErr_Format(PyExc_OverflowError, "%lld days are out of timedelta's range", (long long)days);
        return NULL;
    }
    return PyDelta_FromDSU((int)days, (int)second, (int)(part * (1000000 / per_second)));
}

#endif
