#!/usr/bin/env python3
"""Cleaning counts and customer features with pandas, independent of the C++ code.

usage: features_oracle.py TRANSACTIONS.csv OUT_DIR

Writes counts.json (rows after each stage), default.csv and classic.csv to OUT_DIR. Follows the
definitions in words, step by step and without short cuts, so that an error in reasoning on the
other side shows up as a difference.
"""

import json
import os
import re
import sys

import numpy as np
import pandas as pd


def load(path):
    frame = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")
    frame["Quantity"] = frame["Quantity"].astype(int)
    frame["UnitPrice"] = frame["UnitPrice"].astype(float)
    frame["InvoiceDate"] = pd.to_datetime(frame["InvoiceDate"])
    frame["CustomerID"] = pd.to_numeric(frame["CustomerID"].replace("", np.nan))
    return frame


def clean(frame):
    counts = {"load": len(frame)}

    frame = frame[frame["CustomerID"].notna() & (frame["Description"] != "")].copy()
    frame["CustomerID"] = frame["CustomerID"].astype(int)
    counts["missing_values"] = len(frame)

    keys = ["InvoiceNo", "StockCode", "Description", "CustomerID", "Quantity"]
    frame = frame.drop_duplicates(subset=keys)
    counts["duplicates"] = len(frame)

    frame["Cancelled"] = frame["InvoiceNo"].str.startswith("C")
    counts["transaction_status"] = len(frame)
    counts["cancelled"] = int(frame["Cancelled"].sum())

    digits = frame["StockCode"].map(lambda code: len(re.findall("[0-9]", code)))
    frame = frame[digits > 1]
    counts["stock_codes"] = len(frame)

    frame = frame[~frame["Description"].isin(["Next Day Carriage", "High Resolution Image"])].copy()
    frame["Description"] = frame["Description"].str.upper().str.split().str.join(" ")
    counts["descriptions"] = len(frame)

    frame = frame[frame["UnitPrice"] > 0].copy()
    counts["zero_price"] = len(frame)
    counts["customers"] = int(frame["CustomerID"].nunique())
    return frame, counts


def smallest_mode(values):
    return values.mode().min()


def main_country(values):
    counts = values.value_counts()
    return sorted(counts[counts == counts.max()].index)[0]


def gap_between_distinct_days(days):
    gaps = pd.Series(sorted(days.unique())).diff().dropna().dt.days
    return gaps.mean() if len(gaps) else 0.0


def gap_between_lines(days):
    gaps = days.diff().dropna().dt.days
    return gaps.mean() if len(gaps) else np.nan


def slope(values):
    if len(values) < 2:
        return 0.0
    return np.polyfit(np.arange(len(values)), values.to_numpy(), 1)[0]


def features(frame, preset):
    frame = frame.copy()
    frame["Day"] = frame["InvoiceDate"].dt.normalize()
    frame["Spend"] = frame["Quantity"] * frame["UnitPrice"]
    by = frame.groupby("CustomerID", sort=True)
    out = pd.DataFrame(index=sorted(frame["CustomerID"].unique()))
    out.index.name = "CustomerID"

    out["Days_Since_Last_Purchase"] = (frame["Day"].max() - by["Day"].max()).dt.days
    out["Total_Transactions"] = by["InvoiceNo"].nunique()
    out["Total_Products_Purchased"] = by["Quantity"].sum()
    out["Total_Spend"] = by["Spend"].sum()
    out["Average_Transaction_Value"] = out["Total_Spend"] / out["Total_Transactions"]
    out["Unique_Products_Purchased"] = by["StockCode"].nunique()
    gap = gap_between_lines if preset == "classic" else gap_between_distinct_days
    out["Average_Days_Between_Purchases"] = by["Day"].apply(gap)
    out["Day_Of_Week"] = frame["InvoiceDate"].dt.dayofweek.groupby(frame["CustomerID"]).apply(smallest_mode)
    out["Hour"] = frame["InvoiceDate"].dt.hour.groupby(frame["CustomerID"]).apply(smallest_mode)
    out["Is_UK"] = (by["Country"].apply(main_country) == "United Kingdom").astype(int)

    cancelled = frame[frame["Cancelled"]].groupby("CustomerID")["InvoiceNo"].nunique()
    out["Cancellation_Frequency"] = cancelled.reindex(out.index).fillna(0)
    undropped_transactions = out["Total_Transactions"].to_numpy()
    if preset == "classic":
        out = out.dropna(subset=["Average_Days_Between_Purchases"]).copy()
        out["Cancellation_Rate"] = (
            out["Cancellation_Frequency"].to_numpy() / undropped_transactions[: len(out)]
        )
    else:
        out["Cancellation_Rate"] = out["Cancellation_Frequency"] / out["Total_Transactions"]

    month = frame["InvoiceDate"].dt.to_period("M")
    monthly = frame.groupby(["CustomerID", month])["Spend"].sum().groupby(level=0)
    out["Monthly_Spending_Mean"] = monthly.mean()
    out["Monthly_Spending_Std"] = monthly.std().fillna(0.0)
    out["Spending_Trend"] = monthly.apply(slope)
    return out


def main(arguments):
    source, folder = arguments
    frame, counts = clean(load(source))
    with open(os.path.join(folder, "counts.json"), "w", encoding="utf-8") as file:
        json.dump(counts, file)
    for preset in ("default", "classic"):
        features(frame, preset).to_csv(os.path.join(folder, preset + ".csv"), float_format="%.17g")


if __name__ == "__main__":
    main(sys.argv[1:])
