"""Plots of how time grows, on two logarithmic scales, as one picture that needs nothing else (SVG)."""

import math
from html import escape

WIDTH, HEIGHT, ACROSS = 300, 220, 3
LEFT, RIGHT, TOP, BOTTOM = 48, 24, 44, 34


def picture(series, figures):
    """`series`: what grows, what is done, sizes. `figures`: points of size and ms, and the slope."""
    rows = math.ceil(len(series) / ACROSS)
    parts = [panel(number, *series[name][:2], figures[name]) for number, name in enumerate(series)]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH * ACROSS} {HEIGHT * rows}" font-family="sans-serif" font-size="11">\n'
        '<rect width="100%" height="100%" fill="white"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )


def panel(number, grows, done, figure):
    points = figure["points"]
    low, high = decades([size for size, _ in points]), decades([ms for _, ms in points])
    # The same length for a decade both ways: what grows in proportion rises by 45 degrees.
    decade = min((WIDTH - LEFT - RIGHT) / (low[1] - low[0]), (HEIGHT - TOP - BOTTOM) / (high[1] - high[0]))
    bottom, left = HEIGHT - BOTTOM, LEFT

    def at(size, ms):
        return left + (math.log10(size) - low[0]) * decade, bottom - (math.log10(ms) - high[0]) * decade

    lines = [f'<g transform="translate({number % ACROSS * WIDTH} {number // ACROSS * HEIGHT})">']
    lines.append(f'<text x="8" y="16" font-weight="bold">{escape(grows)}: {escape(done)}</text>')
    lines.append(f'<text x="8" y="31" fill="#555">slope {figure["slope"]:.2f}</text>')
    for power in range(low[0], low[1] + 1):
        x, _ = at(10**power, 10 ** high[0])
        lines.append(f'<path d="M{x:.1f} {bottom}V{bottom - (high[1] - high[0]) * decade:.1f}" stroke="#ddd"/>')
        lines.append(f'<text x="{x:.1f}" y="{bottom + 14}" text-anchor="middle" fill="#555">{10**power:,}</text>')
    for power in range(high[0], high[1] + 1):
        _, y = at(10 ** low[0], 10**power)
        lines.append(f'<path d="M{left} {y:.1f}H{left + (low[1] - low[0]) * decade:.1f}" stroke="#ddd"/>')
        lines.append(f'<text x="{left - 5}" y="{y + 4:.1f}" text-anchor="end" fill="#555">{amount(10**power)}</text>')
    places = [at(size, ms) for size, ms in points]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    lines.append(f'<polyline points="{path}" fill="none" stroke="#0b62a4" stroke-width="2"/>')
    for (x, y), (size, ms) in zip(places, points):
        lines.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="#0b62a4"><title>{size:,}: {amount(ms)}</title></circle>')
    lines.append("</g>")
    return "\n".join(lines)


def decades(values):
    first, last = math.floor(math.log10(min(values)) + 1e-9), math.ceil(math.log10(max(values)) - 1e-9)
    return first, max(last, first + 1)


def amount(ms):
    return f"{ms / 1000:g} s" if ms >= 1000 else f"{ms:g} ms"
