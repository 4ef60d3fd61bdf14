"""Emissions of electricity: grams of CO2 equivalent per kWh."""

from __future__ import annotations

from eahas_plugins.arguments import check_not_negative

GRID_YEAR = 2023
GRID_SOURCE = (
    "Ember, Yearly Electricity Data, through Our World in Data, 'Lifecycle carbon intensity of "
    "electricity generation' (CC BY 4.0)"
)
GRID_G_PER_KWH = {
    "AUS": 549.0,
    "AUT": 111.0,
    "BEL": 138.0,
    "BRA": 98.0,
    "CAN": 170.0,
    "CHE": 35.0,
    "CHN": 582.0,
    "DEU": 381.0,
    "DNK": 152.0,
    "ESP": 174.0,
    "FIN": 79.0,
    "FRA": 56.0,
    "GBR": 238.0,
    "IND": 713.0,
    "IRL": 291.0,
    "ITA": 331.0,
    "JPN": 485.0,
    "KOR": 431.0,
    "NLD": 268.0,
    "NOR": 30.0,
    "POL": 662.0,
    "SGP": 471.0,
    "SWE": 41.0,
    "USA": 369.0,
    "ZAF": 708.0,
}
"""Yearly mean of ``GRID_YEAR`` by ISO 3166-1 alpha-3 code, life cycle, g CO2e per kWh.

A year's mean of a country hides hours and regions: a value of your own goes first.
"""


def grams_co2e(
    energy_kwh: float, *, g_per_kwh: float | None = None, country: str | None = None
) -> float:
    """Return the emissions of an amount of electricity, grams of CO2 equivalent.

    Example:
        >>> grams_co2e(2.0, country="FRA")
        112.0
        >>> grams_co2e(2.0, country="FRA", g_per_kwh=20.0)  # your own value goes first
        40.0

    Args:
        energy_kwh: Energy, kWh; of the whole facility (`WholeDeviceMeter`) for the whole truth.
        g_per_kwh: Your grid's intensity, g CO2e per kWh.
        country: ISO 3166-1 alpha-3 code, looked up in the table where ``g_per_kwh`` is None.

    Raises:
        ValueError: If no intensity is given, the country is not in the table, or a number is
            negative or not finite.
    """
    if g_per_kwh is None:
        if country is None:
            raise ValueError("emissions need g_per_kwh or country, but got neither")
        if not isinstance(country, str) or country.upper() not in GRID_G_PER_KWH:
            raise ValueError(
                f"country must be one of {', '.join(GRID_G_PER_KWH)} but got {country!r}; "
                "give g_per_kwh yourself"
            )
        g_per_kwh = GRID_G_PER_KWH[country.upper()]
    check_not_negative(energy_kwh=energy_kwh, g_per_kwh=g_per_kwh)
    return energy_kwh * g_per_kwh
